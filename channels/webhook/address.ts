import type { AddressType } from '../../src/channel/address.ts'
import { readUrl } from '../../src/guard/url.ts'
import { signingKey } from '../../src/secret/signing-secret.ts'
import { type Headers, parseHeaders } from './headers.ts'

/** Where a webhook goes, once checked and normalised. */
export interface WebhookAddress {
  readonly url: string
  /** Signs instead of the backend's secret; during a rotation the new and the old one. */
  readonly secret?: string | readonly string[]
  /** Sent with every request to this address. */
  readonly headers?: Headers
}

/**
 * Checks one or several signing secrets.
 * @throws Error that says what is wrong, and never the secret.
 */
export function parseSecret(value: unknown): string | readonly string[] {
  const secrets: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (secrets.length === 0 || !secrets.every((each) => typeof each === 'string')) {
    throw new Error('`secret` must be a string or a list of strings.')
  }
  for (const each of secrets) signingKey(each)
  return secrets.length === 1 ? secrets[0]! : secrets
}

const known = new Set(['url', 'secret', 'headers'])

function parse(value: unknown): WebhookAddress {
  if (typeof value === 'string') return { url: readUrl(value).href }
  if (value instanceof URL) return { url: readUrl(value.href).href }
  if (value === null || typeof value !== 'object') {
    throw new Error('A webhook address is a URL or an object { url, secret?, headers? }.')
  }
  const { url, secret, headers } = value as Record<string, unknown>
  if (typeof url !== 'string') throw new Error('`url` is missing.')
  // A misspelt `secrets` would leave the messages unsigned.
  const unknown = Object.keys(value).filter((key) => !known.has(key))
  if (unknown.length > 0) throw new Error(`Unknown: ${unknown.join(', ')}.`)
  return {
    url: readUrl(url).href,
    ...(secret !== undefined && secret !== null && { secret: parseSecret(secret) }),
    ...(headers !== undefined && headers !== null && { headers: parseHeaders(headers) }),
  }
}

/** A URL, or `{ url, secret?, headers? }`; a recipient carries it as `url`. */
export const webhookAddress: AddressType<WebhookAddress, 'url'> = {
  recipientKey: 'url',
  parse,
  key: (address) => address.url,
  secretKeys: ['secret', 'headers'],
}
