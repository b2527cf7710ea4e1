import { type Headers, parseHeaders } from './headers.ts'

/** `channelOptions.webhook` of an event or a call. */
export interface WebhookOptions {
  /** Sent with the request. Stored in the clear: secrets belong to the address or the backend. */
  readonly headers?: Headers
}

/** @throws Error that says what is wrong. */
export function parseOptions(options: unknown): WebhookOptions {
  if (options === undefined || options === null) return {}
  if (typeof options !== 'object' || Array.isArray(options)) throw new Error('must be an object.')
  const { headers, ...rest } = options as Record<string, unknown>
  const unknown = Object.keys(rest)
  if (unknown.length > 0) throw new Error(`Unknown: ${unknown.join(', ')}. Known: headers.`)
  return headers === undefined ? {} : { headers: parseHeaders(headers) }
}

/** Header by header, the call's over the event's. */
export function mergeOptions(base: WebhookOptions, over: WebhookOptions): WebhookOptions {
  const headers = { ...base.headers, ...over.headers }
  return Object.keys(headers).length > 0 ? { headers } : {}
}
