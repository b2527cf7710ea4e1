import { createHash } from 'node:crypto'
import { EnvoyerError } from '../errors.ts'

/** A key of AES-256. */
export interface SecretKey {
  /** Eight hexadecimal digits of the key's SHA-256: tells keys apart and gives nothing away. */
  readonly id: string
  readonly bytes: Buffer
}

const keyBytes = 32

function decode(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  if (!/^[\w+/-]{43}=?$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64') // takes base64url too
  return bytes.length === keyBytes ? bytes : undefined
}

/**
 * Reads keys of 32 bytes in base64 (also base64url) or hexadecimal.
 * @throws EnvoyerError `secret-key-invalid`, which names the position and never the key.
 */
export function readKeys(texts: readonly string[]): readonly SecretKey[] {
  const problems: string[] = []
  const keys = texts.flatMap((text, index) => {
    const bytes = decode(text.trim())
    if (bytes !== undefined) {
      return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes }
    }
    problems.push(`Key ${index + 1} of ${texts.length} is not ${keyBytes} bytes in base64 or hex.`)
    return []
  })
  if (problems.length > 0) throw new EnvoyerError('secret-key-invalid', problems)
  return keys
}
