import { DeliveryError, type Exchange, Permanent, RetryAfter } from '../../src/errors.ts'
import { type Failure, postofficeRules } from './rules.ts'

const holdMs = 5 * 60_000
const slowMs = 30_000

/** What belongs to a failure besides the facts that the rules look at. */
export interface FailureContext {
  /** In words, without secrets. */
  readonly text: string
  readonly retryAfterMs?: number | undefined
  readonly exchange: Exchange
}

/** The error to throw for a failure, by the first rule that applies. */
export function postofficeError(failure: Failure, context: FailureContext): DeliveryError {
  const { retryAfterMs, exchange } = context
  const rule = postofficeRules.find(({ applies }) => applies(failure))!
  const doubtful = rule.code === 'postoffice-unconfirmed' || [502, 504].includes(failure.status)
  const text = doubtful ? `${context.text} (the message may have been taken)` : context.text
  const options = { code: codeFor(rule.code, failure), exchange }
  if (rule.outcome === 'permanent') return new Permanent(text, options)
  if (rule.outcome === 'temporary' && retryAfterMs === undefined) {
    return new DeliveryError(text, options)
  }
  const least = { temporary: 0, slow: retryAfterMs ?? slowMs, hold: holdMs }[rule.outcome]
  return new RetryAfter(Math.max(least, retryAfterMs ?? 0), text, { ...options, scope: 'backend' })
}

function codeFor(code: string, { status, error }: Failure): string {
  if (code.startsWith('postoffice-')) return code
  return status > 0 ? `http-${status}` : error
}

/** Takes the values of our headers, and the words of them, out of a text that may repeat them. */
export function createMask(headers: Readonly<Record<string, string>>): (text: string) => string {
  const secrets = Object.values(headers)
    .flatMap((value) => [value, ...value.split(' ')])
    // What is shorter is no secret, and would be found everywhere.
    .filter((secret) => secret.length >= 4)
    .sort((a, b) => b.length - a.length)
  return (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text)
}
