import type { Outgoing } from '../../src/channel/backend.ts'
import { DeliveryError, toError } from '../../src/errors.ts'

export type HttpMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'GET'

export interface Payload {
  /** `undefined`: the request has no body, and the signature covers an empty one. */
  readonly body: string | undefined
  readonly contentType: string | undefined
}

/** `application/json` and everything that ends in `+json` (RFC 6839), parameters aside. */
function isJson(contentType: string): boolean {
  return /^(application\/json|[^;]+\+json)\s*(;|$)/i.test(contentType)
}

function checkJson(text: string): void {
  try {
    JSON.parse(text)
  } catch (thrown) {
    // Temporary: the template can be mended while the delivery is retried.
    throw new DeliveryError(`The rendered body is not JSON: ${toError(thrown).message}`, {
      code: 'body-invalid',
      cause: thrown,
    })
  }
}

/**
 * What is sent: the rendered `body` part as it is, checked where it is to be JSON; without one
 * `{ id, type, timestamp, data }`, and nothing at all with GET and DELETE, whose bodies have no
 * meaning of their own (RFC 9110, 9.3.1 and 9.3.5).
 */
export function payload(
  outgoing: Outgoing<unknown, { readonly body?: string }>,
  method: HttpMethod,
  contentType: string,
): Payload {
  const { body } = outgoing.message
  if (body !== undefined) {
    if (isJson(contentType)) checkJson(body)
    return { body, contentType }
  }
  if (method === 'GET' || method === 'DELETE') return { body: undefined, contentType: undefined }
  const { id, event, createdAt, input } = outgoing
  const message = { id, type: event, timestamp: createdAt.toISOString(), data: input }
  return { body: JSON.stringify(message), contentType: 'application/json' }
}
