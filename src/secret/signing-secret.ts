import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'

const prefix = 'whsec_'

/** A new secret in the form of Standard Webhooks: `whsec_` and 32 random bytes in base64. */
export function createSigningSecret(): string {
  return prefix + randomBytes(32).toString('base64')
}

function decode(secret: string): Buffer {
  if (!secret.startsWith(prefix)) {
    if (secret === '') throw new Error('A signing secret is empty.')
    return Buffer.from(secret, 'utf8')
  }
  const text = secret.slice(prefix.length)
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    throw new Error('A signing secret begins with whsec_, and what follows is not base64.')
  }
  const bytes = Buffer.from(text, 'base64')
  // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
  if (bytes.length < 24 || bytes.length > 64) {
    throw new Error(
      `A signing secret holds ${bytes.length} bytes; Standard Webhooks asks for 24 to 64.`,
    )
  }
  return bytes
}

const known = new Map<string, KeyObject>()
const maxKnown = 1000

/**
 * The key of a signing secret: base64 after `whsec_`, otherwise the UTF-8 bytes of the text as
 * it stands (for a receiver's library: the "raw" format). Remembered, for making one costs a third
 * of a signature.
 * @throws Error that says what is wrong, and never the secret.
 */
export function signingKey(secret: string): KeyObject {
  const found = known.get(secret)
  if (found !== undefined) return found
  const key = createSecretKey(decode(secret))
  if (known.size >= maxKnown) known.clear()
  known.set(secret, key)
  return key
}
