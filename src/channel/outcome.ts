import { DeliveryError, type Exchange, Permanent, RetryAfter } from '../errors.ts'

/**
 * What a backend's rule makes of a failure. `permanent`: failed at once. `temporary`: tried again as
 * the channel's retry policy says. `slow`: all messages of this backend wait as long as the provider
 * says, else 30 s. `hold`: our account or set-up is at fault, not the message: all messages of this
 * backend wait five minutes.
 */
export type Outcome = 'permanent' | 'temporary' | 'slow' | 'hold'

/** What belongs to a failure besides the facts that the rules look at. */
export interface FailureContext {
  /** In words, without secrets. */
  readonly text: string
  readonly retryAfterMs?: number | undefined
  readonly exchange: Exchange
}

const holdMs = 5 * 60_000
const slowMs = 30_000

/** The error to throw. What the provider asked us to wait is heeded with all that is tried again. */
export function outcomeError(
  outcome: Outcome,
  code: string,
  { text, retryAfterMs, exchange }: FailureContext,
): DeliveryError {
  const options = { code, exchange }
  if (outcome === 'permanent') return new Permanent(text, options)
  if (outcome === 'temporary' && retryAfterMs === undefined) return new DeliveryError(text, options)
  const least = { temporary: 0, slow: retryAfterMs ?? slowMs, hold: holdMs }[outcome]
  return new RetryAfter(Math.max(least, retryAfterMs ?? 0), text, { ...options, scope: 'backend' })
}
