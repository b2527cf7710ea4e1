import { type FailureContext, outcomeError } from '../../src/channel/outcome.ts'
import type { DeliveryError } from '../../src/errors.ts'
import { type Failure, postofficeRules } from './rules.ts'

/** The error to throw for a failure, by the first rule that applies. */
export function postofficeError(failure: Failure, context: FailureContext): DeliveryError {
  const { code, outcome } = postofficeRules.find(({ applies }) => applies(failure))!
  const doubtful = code === 'postoffice-unconfirmed' || [502, 504].includes(failure.status)
  const text = doubtful ? `${context.text} (the message may have been taken)` : context.text
  return outcomeError(outcome, codeFor(code, failure), { ...context, text })
}

function codeFor(code: string, { status, error }: Failure): string {
  if (code.startsWith('postoffice-')) return code
  return status > 0 ? `http-${status}` : error
}

/** What our headers hold, and the words of it; what is shorter is no secret, and would be found everywhere. */
export function secretsOf(headers: Readonly<Record<string, string>>): string[] {
  return Object.values(headers)
    .flatMap((value) => [value, ...value.split(' ')])
    .filter((secret) => secret.length >= 4)
}
