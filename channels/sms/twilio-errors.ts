import { DeliveryError, type Exchange, Permanent, RetryAfter } from '../../src/errors.ts'
import { type Failure, twilioRules } from './twilio-rules.ts'

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
export function twilioError(failure: Failure, context: FailureContext): DeliveryError {
  const { retryAfterMs, exchange } = context
  const rule = twilioRules.find(({ applies }) => applies(failure))!
  const unconfirmed = rule.code === 'twilio-unconfirmed'
  const code = unconfirmed ? rule.code : codeFor(failure)
  const text = unconfirmed ? `${context.text} (the message may have been sent)` : context.text
  const options = { code, exchange }
  if (rule.outcome === 'permanent') return new Permanent(text, options)
  if (rule.outcome === 'temporary' && retryAfterMs === undefined) {
    return new DeliveryError(text, options)
  }
  const least = { temporary: 0, slow: retryAfterMs ?? slowMs, hold: holdMs }[rule.outcome]
  return new RetryAfter(Math.max(least, retryAfterMs ?? 0), text, { ...options, scope: 'backend' })
}

function codeFor({ code, status, error }: Failure): string {
  if (code > 0) return `twilio-${code}`
  return status > 0 ? `http-${status}` : error
}

/** Takes the password out of a text, as it is and as HTTP Basic sends it. */
export function createMask(username: string, password: string): (text: string) => string {
  const secrets = [Buffer.from(`${username}:${password}`).toString('base64'), password]
  return (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text)
}
