import { timingSafeEqual } from 'node:crypto'
import { signature } from './signature.ts'

export type SignatureProblem =
  | 'header-missing'
  | 'timestamp-invalid'
  | 'timestamp-too-old'
  | 'timestamp-too-new'
  | 'signature-unsupported'
  | 'signature-mismatch'

/** A message whose signature does not hold. `code` says why; answer it with 400 or 401. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError'
  readonly code: SignatureProblem

  constructor(code: SignatureProblem, message: string) {
    super(message)
    this.code = code
  }
}

type HeaderSource =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>

function header(headers: HeaderSource, name: string): string {
  let value: unknown
  if (typeof headers.get === 'function') {
    value = headers.get(name)
  } else {
    const entry = Object.entries(headers).find(([key]) => key.toLowerCase() === name)
    value = entry?.[1]
  }
  if (typeof value === 'string' && value !== '') return value
  throw new SignatureError('header-missing', `The header ${name} is missing or repeated.`)
}

function readTimestamp(text: string, toleranceS: number, now: Date): number {
  const seconds = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(seconds)) {
    throw new SignatureError('timestamp-invalid', 'webhook-timestamp is not a number of seconds.')
  }
  const ageS = Math.floor(now.getTime() / 1000) - seconds
  if (ageS > toleranceS) {
    throw new SignatureError('timestamp-too-old', `The message was signed ${ageS} s ago.`)
  }
  if (-ageS > toleranceS) {
    throw new SignatureError('timestamp-too-new', `The message is dated ${-ageS} s ahead.`)
  }
  return seconds
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/**
 * Verifies a message signed by Standard Webhooks: one of its `v1` signatures must be that of one
 * of the secrets, and its timestamp within `toleranceS` (default 300 s) of `now`. `body` is the
 * request's body as it arrived, before any parsing. Comparisons take constant time.
 *
 * @throws SignatureError; Error where a secret is unusable.
 */
export function verify(
  headers: HeaderSource,
  body: string | Uint8Array,
  secrets: string | readonly string[],
  options: { readonly toleranceS?: number; readonly now?: Date } = {},
): { readonly id: string; readonly timestamp: Date } {
  const id = header(headers, 'webhook-id')
  const seconds = readTimestamp(
    header(headers, 'webhook-timestamp'),
    options.toleranceS ?? 300,
    options.now ?? new Date(),
  )
  const given = header(headers, 'webhook-signature')
    .split(' ')
    .filter((each) => each.startsWith('v1,'))
  if (given.length === 0) {
    throw new SignatureError('signature-unsupported', 'webhook-signature holds no v1 signature.')
  }
  const wanted = (typeof secrets === 'string' ? [secrets] : secrets).map((secret) =>
    signature(secret, id, seconds, body),
  )
  // All pairs, not up to the first match: the time taken says nothing about which one it was.
  const matches = wanted.flatMap((want) => given.map((have) => equal(want, have)))
  if (!matches.includes(true)) {
    throw new SignatureError('signature-mismatch', 'No signature fits the body and the secret.')
  }
  return { id, timestamp: new Date(seconds * 1000) }
}
