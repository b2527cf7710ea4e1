/** Where in a regular expression the reading is. */
interface Reader {
  readonly source: string
  at: number
  /** Varies what is chosen, so that two samples of a pattern differ. */
  readonly seed: number
}

/** Of a class's range, so many characters are enough to choose from. */
const rangeAtMost = 20
const repeatedAtMost = 200

/**
 * A text for a pattern written by hand: literals, classes, groups, alternatives, repetition.
 * `undefined` for what is not understood (look-arounds, references): `fits` has the last word.
 */
export function textLike(
  source: string,
  seed: number,
  fits: (text: string) => boolean,
): string | undefined {
  try {
    const reader: Reader = { source, at: 0, seed }
    const text = readAlternatives(reader)
    return reader.at === source.length && fits(text) ? text : undefined
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined
    throw thrown
  }
}

function readAlternatives(reader: Reader): string {
  const first = readSequence(reader)
  while (reader.source[reader.at] === '|') {
    reader.at += 1
    readSequence(reader)
  }
  return first
}

function readSequence(reader: Reader): string {
  let text = ''
  while (reader.at < reader.source.length && !'|)'.includes(reader.source[reader.at]!)) {
    const start = reader.at
    const once = readOne(reader)
    const times = readTimes(reader)
    // Read again, so that of repeated digits not all are the same.
    for (let n = 0; n < times; n += 1) {
      text += n === 0 ? once : readOne({ ...reader, at: start, seed: reader.seed + n })
    }
  }
  return text
}

function readOne(reader: Reader): string {
  const char = reader.source[reader.at]!
  reader.at += 1
  if (char === '^' || char === '$') return ''
  if (char === '.') return pick(reader, 'abc')
  if (char === '[') return pick(reader, readClass(reader))
  if (char === '\\') return pick(reader, readEscape(reader))
  if (char !== '(') return char
  if (reader.source[reader.at] === '?') reader.at += groupKind(reader)
  const inner = readAlternatives(reader)
  if (reader.source[reader.at] !== ')') throw new RangeError('a group without an end')
  reader.at += 1
  return inner
}

/** The length of `?:` or `?<name>`; anything else looks around, which is not followed. */
function groupKind({ source, at }: Reader): number {
  const kind = /^\?(?::|<[A-Za-z_]\w*>)/.exec(source.slice(at))
  if (!kind) throw new RangeError('a group that is not understood')
  return kind[0].length
}

function readTimes(reader: Reader): number {
  const found = /^(?:([?*+])|\{(\d+)(,?)(\d*)\})\??/.exec(reader.source.slice(reader.at))
  if (!found) return 1
  reader.at += found[0].length
  const [, sign, least] = found
  const times = sign === undefined ? Number(least) : sign === '+' ? 1 : 0
  if (times > repeatedAtMost) throw new RangeError('too long')
  return times
}

const pick = ({ seed }: Reader, chars: string) => {
  if (chars === '') throw new RangeError('a class of nothing')
  return chars[seed % chars.length]!
}

const escapes: Readonly<Record<string, string>> = {
  ...{ d: '1234567890', w: 'abcdefghij', s: ' ', D: 'abc', W: '-', S: 'abc', t: '\t', n: '\n' },
}

function readEscape(reader: Reader): string {
  const char = reader.source[reader.at] ?? ''
  reader.at += 1
  if (char === 'b' || /[1-9uxkpPBcv]/.test(char)) throw new RangeError('not understood')
  return escapes[char] ?? char
}

function readClass(reader: Reader): string {
  if (reader.source[reader.at] === '^') throw new RangeError('what a text may not have')
  let chars = ''
  while (reader.source[reader.at] !== ']') {
    if (reader.at >= reader.source.length) throw new RangeError('a class without an end')
    const from = readOfClass(reader)
    const isRange = reader.source[reader.at] === '-' && reader.source[reader.at + 1] !== ']'
    if (!isRange || from.length > 1) chars += from
    else {
      reader.at += 1
      const to = readOfClass(reader).codePointAt(0)!
      const first = from.codePointAt(0)!
      for (let code = first; code <= to && code < first + rangeAtMost; code += 1) {
        chars += String.fromCodePoint(code)
      }
    }
  }
  reader.at += 1
  return chars
}

function readOfClass(reader: Reader): string {
  const char = reader.source[reader.at]!
  reader.at += 1
  return char === '\\' ? readEscape(reader) : char
}
