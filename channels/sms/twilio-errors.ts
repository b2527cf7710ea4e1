import { type FailureContext, outcomeError } from '../../src/channel/outcome.ts'
import type { DeliveryError } from '../../src/errors.ts'
import { type Failure, twilioRules } from './twilio-rules.ts'

/** The error to throw for a failure, by the first rule that applies. */
export function twilioError(failure: Failure, context: FailureContext): DeliveryError {
  const { code, outcome } = twilioRules.find(({ applies }) => applies(failure))!
  if (code !== 'twilio-unconfirmed') return outcomeError(outcome, codeFor(failure), context)
  const text = `${context.text} (the message may have been sent)`
  return outcomeError(outcome, code, { ...context, text })
}

function codeFor({ code, status, error }: Failure): string {
  if (code > 0) return `twilio-${code}`
  return status > 0 ? `http-${status}` : error
}
