const day = 24 * 60 * 60 * 1000

/** The three forms of HTTP-date (RFC 9110, 5.6.7), all of which a recipient must accept. */
const dateForm =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})$/

interface Headers {
  readonly 'retry-after'?: string
  readonly date?: string
}

/**
 * Reads `Retry-After` (RFC 9110, 10.2.3): seconds or a date. Returns milliseconds from when it was
 * answered, between 0 and 24 h, or `undefined` where the header is missing or not understood. Whoever
 * names a date does so by the clock that is in `Date` (10.2.1), which may differ from ours.
 */
export function retryAfterMs(headers: Headers, now = new Date()): number | undefined {
  const text = headers['retry-after']?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, day)
  const at = instantOf(text)
  if (at === undefined) return undefined
  const from = instantOf(headers.date?.trim() ?? '') ?? now.getTime()
  return Math.min(Math.max(at - from, 0), day)
}

function instantOf(text: string): number | undefined {
  if (!dateForm.test(text)) return undefined
  // The asctime form names no zone; it is GMT by definition.
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  return Number.isNaN(at) ? undefined : at
}
