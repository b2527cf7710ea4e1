import { DeliveryError, Permanent, RetryAfter } from '../../src/errors.ts'
import { retryAfterMs } from '../../src/guard/retry-after.ts'
import type { Recorded } from './record.ts'

/** These 4xx say themselves that a later try may succeed (RFC 9110 15.5.9, 8470, 6585). */
const temporary4xx: ReadonlySet<number> = new Set([408, 425, 429])
/** The receiver is overloaded: Standard Webhooks asks to slow down, not only to try again. */
const throttling: ReadonlySet<number> = new Set([429, 502, 504])
/** How long to leave it alone where the receiver does not say. */
const throttleMs = 30_000

function describe(status: number, location: string | undefined): string {
  if (status === 410) return 'The receiver wants no more messages (410 Gone).'
  if (status < 300 || status > 399) return `The receiver answered ${status}.`
  const to = location === undefined ? '' : ` to ${location.slice(0, 200)}`
  return `The receiver answered ${status}, a redirect${to}; redirects are not followed.`
}

/**
 * The error that an answer outside 2xx is, after Standard Webhooks 1.0 ("Delivery success and
 * failure"). A redirect is a failure like any other
 * there, so it is tried again: the receiver can mend it, and nothing is lost meanwhile.
 * `Retry-After` is honoured with every temporary one.
 */
export function statusError(request: unknown, response: Recorded): DeliveryError {
  const { status, headers } = response
  const text = describe(status, headers.location)
  const options = { code: `http-${status}`, exchange: { request, response } }
  if (status >= 400 && status <= 499 && !temporary4xx.has(status)) {
    return new Permanent(text, options)
  }
  const delayMs = retryAfterMs(headers)
  if (throttling.has(status)) {
    // Only this delivery: the other receivers of the notification are not overloaded.
    return new RetryAfter(delayMs ?? throttleMs, text, options)
  }
  return delayMs === undefined
    ? new DeliveryError(text, options)
    : new RetryAfter(delayMs, text, options)
}
