import { domainOf, parseMailbox, unprintable } from './address.ts'

/**
 * Where a recipient can end the mails: RFC 2369, and RFC 8058 where `url` is https. Each has 900
 * characters at most.
 */
export interface ListUnsubscribe {
  /** A page that unsubscribes; it must tell the recipient apart by itself. https for one click. */
  readonly url?: string
  /** An address, or `mailto:address?subject=…`. */
  readonly mailto?: string
}

export interface Header {
  readonly name: string
  readonly value: string
}

/** Written by us or by the servers on the way; a second one would be believed instead. */
const structural = new Set(
  `from sender to cc bcc reply-to subject date message-id mime-version dkim-signature return-path
   received authentication-results list-unsubscribe list-unsubscribe-post`.split(/\s+/),
)
const structuralPrefix = /^(?:content|resent|arc|received|dkim)-/

/** No line may be longer than 998 (RFC 5322, section 2.1.1), and a value need not have a place to fold. */
const maxValueLength = 900

/** What is wrong with a custom header, or `undefined`. */
export function headerProblem(name: string, value: unknown): string | undefined {
  const lower = name.toLowerCase()
  if (!/^[a-z0-9][\w-]{0,75}$/.test(lower))
    return `header ${JSON.stringify(name)} is not a header name`
  if (structural.has(lower) || structuralPrefix.test(lower)) {
    return `header ${name} cannot be set here: it is made from the message and the other options`
  }
  if (typeof value !== 'string') return `header ${name} must be a string`
  if (unprintable.test(value)) return `header ${name} has a control character or line break`
  if (value.trim() === '') return `header ${name} is empty`
  if (value.length > maxValueLength)
    return `header ${name} is longer than ${maxValueLength} characters`
  return undefined
}

/** One line of text for a header: line breaks and control characters become a space. */
export function oneLine(text: string): string {
  if (!unprintable.test(text)) return text.trim()
  return text
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
}

/** Checks and normalises; the texts thrown say what is wrong. */
export function parseListUnsubscribe(value: unknown): ListUnsubscribe {
  if (typeof value !== 'object' || value === null) throw new Error('must be { url?, mailto? }')
  const { url, mailto, ...rest } = value as Record<string, unknown>
  const unknown = Object.keys(rest)
  if (unknown.length > 0) throw new Error(`has no key ${unknown.join(', ')}`)
  if (url === undefined && mailto === undefined) throw new Error('needs `url` or `mailto`')
  const places: ListUnsubscribe = {
    ...(url === undefined ? {} : { url: parseUrl(url) }),
    ...(mailto === undefined ? {} : { mailto: parseMailto(mailto) }),
  }
  // The line is folded between the two, and nowhere else.
  for (const [key, place] of Object.entries(places)) {
    if (place.length > maxValueLength)
      throw new Error(`\`${key}\` is longer than ${maxValueLength} characters`)
  }
  return places
}

/**
 * `List-Unsubscribe` (RFC 2369) and, for an https address, `List-Unsubscribe-Post` (RFC 8058,
 * section 3.1: one https URI, and both fields covered by a valid DKIM signature).
 */
export function unsubscribeHeaders({ url, mailto }: ListUnsubscribe): Header[] {
  const places = [url, mailto].filter((place) => place !== undefined).map((place) => `<${place}>`)
  const headers = [{ name: 'List-Unsubscribe', value: places.join(', ') }]
  if (url?.startsWith('https:')) {
    headers.push({ name: 'List-Unsubscribe-Post', value: 'List-Unsubscribe=One-Click' })
  }
  return headers
}

function parseUrl(value: unknown): string {
  const text = typeof value === 'string' && !unprintable.test(value) ? value : ''
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new Error('`url` must be an http(s) URL')
  if (url.username !== '' || url.password !== '') throw new Error('`url` must not hold credentials')
  // angle brackets enclose it in the header, and no reader undoes an escape there
  return url.href.replace(/[<>]/g, encodeURIComponent)
}

function parseMailto(value: unknown): string {
  if (typeof value !== 'string') throw new Error('`mailto` must be a string')
  const [address = '', query, ...rest] = value.replace(/^mailto:/i, '').split('?')
  const { address: bare, name } = parseMailbox(address)
  const local = bare.slice(0, -domainOf(bare).length - 1)
  if (name !== undefined || rest.length > 0 || !/^[\w.+=~-]+$/.test(local)) {
    throw new Error('`mailto` must be a plain address, or mailto:address?subject=…')
  }
  if (query !== undefined && !/^[\w%=&.~+-]*$/.test(query)) {
    throw new Error('what follows the ? of `mailto` must be percent-encoded')
  }
  return `mailto:${bare}${query === undefined ? '' : `?${query}`}`
}
