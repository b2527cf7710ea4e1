import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { EnvoyerError } from '../errors.ts'
import type { Json } from '../event/json.ts'
import { readKeys, type SecretKey } from './key.ts'

/** Encrypts what must not lie in a database in the clear. */
export interface Sealer {
  /** False where there is no key, and `seal` and `open` throw. */
  readonly ready: boolean
  /** Of the keys, the one that encrypts first. They give nothing away. */
  readonly keyIds: readonly string[]
  /**
   * Returns `sealed:v1:<key id>:<base64url>`, different each time. `purpose` (a table and column,
   * say) is authenticated, not stored: only `open` with the same one succeeds.
   * @throws EnvoyerError `address-secret` without a key.
   */
  seal(value: Json, purpose?: string): string
  /**
   * Returns `<key id>:<HMAC-SHA-256, hex>`: the same for the same text and key. `like`: made with
   * the key that this one was made with, so that both can be compared.
   * @throws EnvoyerError `address-secret` without a key, `secret-key-invalid` where that of `like`
   * is not configured.
   */
  fingerprint(text: string, like?: string): string
  /** @throws EnvoyerError `secret-key-invalid`: the key is missing, or the text was changed. */
  open(text: string, purpose?: string): Json
}

const prefix = 'sealed:v1:'
const form = /^sealed:v1:([0-9a-f]{8}):([\w-]+)$/
const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

/** True for what `seal` returns, whatever its key. */
export function isSealed(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(prefix)
}

/** The header is authenticated with the content, so that no part of one can be put on another. */
function associated(keyId: string, purpose: string): Buffer {
  return Buffer.from(`${prefix}${keyId}:${purpose}`)
}

function unusable(problem: string, cause?: unknown): EnvoyerError {
  return new EnvoyerError('secret-key-invalid', problem, cause === undefined ? {} : { cause })
}

function encrypt(key: SecretKey, value: Json, purpose: string): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, key.bytes, nonce, { authTagLength: tagBytes })
  cipher.setAAD(associated(key.id, purpose))
  const content = [cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]
  const sealed = Buffer.concat([nonce, ...content, cipher.getAuthTag()])
  return `${prefix}${key.id}:${sealed.toString('base64url')}`
}

function decrypt(key: SecretKey, sealed: Buffer, purpose: string): Json {
  const nonce = sealed.subarray(0, nonceBytes)
  const decipher = createDecipheriv(algorithm, key.bytes, nonce, { authTagLength: tagBytes })
  decipher.setAAD(associated(key.id, purpose))
  decipher.setAuthTag(sealed.subarray(-tagBytes))
  const content = decipher.update(sealed.subarray(nonceBytes, -tagBytes))
  return JSON.parse(Buffer.concat([content, decipher.final()]).toString('utf8')) as Json
}

/**
 * AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D, 8.2.2: good for 2^32 values a key).
 * The first key encrypts, all of them decrypt: to rotate, put a new one in front.
 *
 * @throws EnvoyerError `secret-key-invalid`
 */
export function createSealer(keys: readonly string[] = []): Sealer {
  const known = readKeys(keys)
  const [current] = known
  const keyOf = (id: string): SecretKey => {
    const key = known.find((each) => each.id === id)
    if (key !== undefined) return key
    const ids = known.map((each) => each.id).join(', ') || 'none'
    throw unusable(`A stored secret needs the key with id ${id}; configured: ${ids}.`)
  }
  return {
    ready: current !== undefined,
    keyIds: known.map(({ id }) => id),
    seal(value, purpose = '') {
      if (current === undefined) throw new EnvoyerError('address-secret', 'No key is configured.')
      return encrypt(current, value, purpose)
    },
    fingerprint(text, like) {
      const key = like === undefined ? current : keyOf(like.split(':')[0]!)
      if (key === undefined) throw new EnvoyerError('address-secret', 'No key is configured.')
      return `${key.id}:${createHmac('sha256', key.bytes).update(`fingerprint:${text}`).digest('hex')}`
    },
    open(text, purpose = '') {
      const [, id, content = ''] = form.exec(text) ?? []
      if (id === undefined) throw unusable('A stored secret is not of the form that is written.')
      const key = keyOf(id)
      const sealed = Buffer.from(content, 'base64url')
      try {
        if (sealed.toString('base64url') !== content) throw new Error('not canonical base64url')
        return decrypt(key, sealed, purpose)
      } catch (cause) {
        throw unusable('A stored secret was changed since it was encrypted.', cause)
      }
    },
  }
}
