import { textLike } from './sample-pattern.ts'

/** Of each kind two or more, so that the items of a list can be told apart. */
type Texts = readonly [string, ...string[]]

const emails: Texts = ['jane.doe@example.com', 'john.smith@example.com']
const urls: Texts = ['https://shop.example/orders/1042', 'https://shop.example/orders/1043']
const instants: Texts = ['2026-03-05T14:30:00Z', '2026-03-06T09:00:00Z']
const days: Texts = ['2026-03-05', '2026-03-06']
const phones: Texts = ['+12125550142', '+12125550143']
const people: Texts = ['Jane Doe', 'John Smith']
const uuids: Texts = [
  '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
  '7c9e6679-7425-40de-944b-e07fc1f90ae7',
]

/** By the format of a JSON Schema, those of its standard and those that zod adds. */
const byFormat: Readonly<Record<string, Texts>> = {
  email: emails,
  'idn-email': emails,
  uri: urls,
  url: urls,
  iri: urls,
  'uri-reference': urls,
  uuid: uuids,
  guid: uuids,
  'date-time': instants,
  datetime: instants,
  date: days,
  time: ['14:30:00', '09:00:00'],
  duration: ['PT30M', 'PT1H'],
  hostname: ['shop.example', 'mail.example'],
  'idn-hostname': ['shop.example', 'mail.example'],
  ipv4: ['192.0.2.10', '192.0.2.11'],
  ipv6: ['2001:db8::10', '2001:db8::11'],
  e164: phones,
  base64: ['U2FtcGxl', 'RXhhbXBsZQ=='],
  base64url: ['U2FtcGxl', 'RXhhbXBsZQ'],
  emoji: ['🙂', '🎉'],
  nanoid: ['V1StGXR8_Z5jdHi6B-myT', 'Uakgb_J5m9g-0JDMbcJqL'],
  cuid2: ['tz4a98xxat96iws9zmbrgj3a', 'pfh0haxfpzowht3oi213cqos'],
  ulid: ['01ARZ3NDEKTSV4RRFFQ69G5FAV', '01BX5ZZKBKACTAV9WEVGEMMVRZ'],
}

/** By what a key is called, the more special first. */
const byName: readonly (readonly [RegExp, Texts])[] = [
  [/e-?mail(address)?$/i, emails],
  [/(url|uri|link|href|website|homepage)$/i, urls],
  [/(phone|mobile|phone_?number|tel)$/i, phones],
  [/(At|_at|Time|_time|timestamp|datetime)$/, instants],
  [/(date|day|birthday|deadline|until|since)$/i, days],
  [/(first|given)_?name$/i, ['Jane', 'John']],
  [/(last|family|sur)_?name$/i, ['Doe', 'Smith']],
  [/(company|organi[sz]ation|vendor|shop)(_?name)?$/i, ['Bright Lamps', 'North Books']],
  [/(product|article|item)(_?name)?$/i, ['Desk lamp', 'Notebook']],
  [/(user|login)_?name$/i, ['jane', 'john']],
  [/(name|customer|recipient|author|sender|user)$/i, people],
  [/(street|address)$/i, ['12 Harbour Road', '7 Mill Lane']],
  [/(city|town|place)$/i, ['Springfield', 'Riverton']],
  [/(zip|postcode|postal_?code)$/i, ['12345', '54321']],
  [/country(_?code)?$/i, ['DE', 'US']],
  [/currency$/i, ['EUR', 'USD']],
  [/(locale|language|lang)$/i, ['en', 'de']],
  [/(tz|zone|time_?zone)$/i, ['Europe/Berlin', 'America/New_York']],
  [/(price|amount|total)$/i, ['49.90', '19.00']],
  [/(token|secret|key|hash|signature)$/i, ['c2FtcGxlLXRva2Vu', 'c2FtcGxlLXRva2VuLTI']],
  [/(code|pin|otp)$/i, ['482913', '730154']],
  [/(id|number|no|ref|reference)$/i, ['1042', '1043']],
  [/(subject|title|heading|headline)$/i, ['A sample title', 'Another title']],
  [/(message|text|body|comment|note|description|reason)$/i, ['A sample text.', 'Another text.']],
]

const words: Texts = ['Sample', 'Example']

/** A text that a JSON Schema takes, by its format, its pattern and its name. */
export function sampleText(
  {
    format,
    pattern,
    minLength = 0,
    maxLength = Number.POSITIVE_INFINITY,
  }: Readonly<Record<string, unknown>>,
  name: string,
  index: number,
): string | undefined {
  const least = Number(minLength)
  const most = Number(maxLength)
  const expression = readPattern(pattern)
  const fits = (text: string) =>
    text.length >= least && text.length <= most && (expression?.test(text) ?? true)
  const known = typeof format === 'string' ? byFormat[format] : undefined
  if (known) {
    const found = at(known, index)
    if (fits(found)) return found
  }
  const called = byName.find(([expected]) => expected.test(name))?.[1]
  const likely = at(called ?? words, index)
  if (expression === undefined) return fitted(likely, least, most)
  const all = [likely, ...Object.values(byFormat), ...byName.map(([, texts]) => texts), words].map(
    (texts) => (typeof texts === 'string' ? texts : at(texts, index)),
  )
  return all.find(fits) ?? textLike(expression.source, index, fits)
}

const at = (texts: Texts, index: number) => texts[index % texts.length]!

function readPattern(pattern: unknown): RegExp | undefined {
  if (typeof pattern !== 'string') return undefined
  try {
    return new RegExp(pattern, 'u')
  } catch {
    return new RegExp(pattern)
  }
}

/** Longer or shorter, as the limits want it. */
function fitted(text: string, least: number, most: number): string {
  const long = text.length >= least ? text : text.padEnd(least, ` ${text}`)
  return long.length > most ? long.slice(0, most) : long
}
