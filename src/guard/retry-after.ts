const day = 24 * 60 * 60 * 1000

/** The three forms of HTTP-date (RFC 9110, 5.6.7), all of which a recipient must accept. */
const dateForm =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})$/

/**
 * Reads `Retry-After` (RFC 9110, 10.2.3): seconds or a date. Returns milliseconds from `now`,
 * between 0 and 24 h, or `undefined` where the header is missing or not understood.
 */
export function retryAfterMs(value: string | undefined, now = new Date()): number | undefined {
  const text = value?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, day)
  if (!dateForm.test(text)) return undefined
  // The asctime form names no zone; it is GMT by definition.
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - now.getTime(), 0), day)
}
