import { createHmac } from 'node:crypto'
import { signingKey } from './signing-secret.ts'

export interface SignedContent {
  /** The message's id: the same on every attempt. No full stop in it: it separates what is signed. */
  readonly id: string
  /** When this attempt is made; signed in whole seconds. */
  readonly timestamp: Date
  /** Exactly the bytes that are sent. */
  readonly body: string | Uint8Array
}

/** `webhook-id`, `webhook-timestamp`, and `webhook-signature` where there is a secret. */
export type SignatureHeaders = Record<string, string>

/** The signature of one secret: `v1,` and the base64 of HMAC-SHA256 over `id.seconds.body`. */
export function signature(
  secret: string,
  id: string,
  seconds: number,
  body: string | Uint8Array,
): string {
  const hmac = createHmac('sha256', signingKey(secret)).update(`${id}.${seconds}.`).update(body)
  return `v1,${hmac.digest('base64')}`
}

/**
 * The headers of Standard Webhooks 1.0 (https://www.standardwebhooks.com). With several secrets
 * there is a signature for each: during a rotation the receiver accepts either.
 * @throws Error where the id holds a full stop, a space or a line break, or a secret is unusable.
 */
export function sign(content: SignedContent, secrets: readonly string[]): SignatureHeaders {
  const { id, timestamp, body } = content
  if (!/^[\x21-\x2d\x2f-\x7e]+$/.test(id)) {
    throw new Error('The id of a signed message consists of visible ASCII without a full stop.')
  }
  const seconds = Math.floor(timestamp.getTime() / 1000)
  const headers: SignatureHeaders = { 'webhook-id': id, 'webhook-timestamp': String(seconds) }
  if (secrets.length > 0) {
    const signatures = secrets.map((secret) => signature(secret, id, seconds, body))
    headers['webhook-signature'] = signatures.join(' ')
  }
  return headers
}
