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

/** Takes the values of our headers, and the words of them, out of a text that may repeat them. */
export function createMask(headers: Readonly<Record<string, string>>): (text: string) => string {
  const secrets = Object.values(headers)
    .flatMap((value) => [value, ...value.split(' ')])
    // What is shorter is no secret, and would be found everywhere.
    .filter((secret) => secret.length >= 4)
    .sort((a, b) => b.length - a.length)
  return (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text)
}
