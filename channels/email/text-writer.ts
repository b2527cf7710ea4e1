/** Writes text in lines: collapses white space as HTML does, and keeps blocks apart. */
export interface TextWriter {
  /** Running text: any run of white space counts as one space. */
  flow(text: string): void
  /** Text whose white space counts (`<pre>`). */
  verbatim(text: string): void
  /** At least so many line ends before what comes next (2: an empty line). */
  breakLine(count: 1 | 2): void
  /** One more line end, as `<br>`. */
  newLine(): void
  /** A gap between two cells of one line; nothing at a line's start. */
  gap(): void
  /** Everything until `outdent` begins with `prefix`; its first line with `first`. */
  indent(prefix: string, first?: string): void
  outdent(): void
  /** How much was written: to see whether an element had any text. */
  written(): number
  /** What was written since then, line ends included. */
  since(mark: number): string
  finish(): string
}

/** Deeper levels are not indented further: nobody reads them, and the prefixes would grow. */
const maxDepth = 8

export function createTextWriter(): TextWriter {
  let out = ''
  let lineEnds = 0
  let space = ''
  let marker = ''
  const prefixes: string[] = []
  /** The shallowest indentation since the last text: that of the empty lines before the next. */
  let shallow = 0

  function put(text: string) {
    if (out === '' || lineEnds > 0 || marker !== '') startLine()
    else out += space
    space = ''
    out += text
  }
  function startLine() {
    if (out !== '') out += '\n'
    const between = prefixes.slice(0, shallow).join('').trimEnd()
    for (; lineEnds > 1 && out !== ''; lineEnds--) out += `${between}\n`
    lineEnds = 0
    shallow = prefixes.length
    out += marker === '' ? prefixes.join('') : `${prefixes.slice(0, -1).join('')}${marker}`
    marker = ''
  }

  return {
    flow(text) {
      const words = text.replace(/[ \t\r\n\f]+/g, ' ')
      if (words === '') return
      const start = words.startsWith(' ') ? 1 : 0
      const end = words.length > 1 && words.endsWith(' ') ? words.length - 1 : words.length
      if (start === 1 && space === '') space = ' '
      if (end > start) {
        put(words.slice(start, end))
        if (end < words.length) space = ' '
      }
    },
    verbatim(text) {
      text.split(/\r?\n/).forEach((line, index) => {
        if (index > 0) lineEnds++
        if (line !== '') put(line)
      })
    },
    breakLine(count) {
      lineEnds = Math.max(lineEnds, count)
    },
    newLine() {
      lineEnds = Math.min(lineEnds + 1, 3)
    },
    gap() {
      space = '  '
    },
    indent(prefix, first) {
      prefixes.push(prefixes.length < maxDepth ? prefix : '')
      if (first !== undefined) {
        lineEnds = Math.max(lineEnds, 1)
        marker = first
      }
    },
    outdent() {
      prefixes.pop()
      shallow = Math.min(shallow, prefixes.length)
      marker = ''
    },
    written: () => out.length,
    since: (mark) => out.slice(mark),
    // No pattern for it: it would look for the end of each run of blanks from every one of them.
    finish: () =>
      out
        .split('\n')
        .map((line) => line.trimEnd())
        .join('\n'),
  }
}
