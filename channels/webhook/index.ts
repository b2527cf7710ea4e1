import { defineChannel } from '../../src/channel/channel.ts'
import { delays } from '../../src/channel/retry.ts'
import { webhookAddress } from './address.ts'
import { mergeOptions, parseOptions } from './options.ts'

export type { WebhookAddress } from './address.ts'
export { type HttpBackend, type HttpOptions, http } from './http.ts'
export type { WebhookOptions } from './options.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h, ±20 %, then failed: 27.6 h in all. */
export const webhookRetry = delays([
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  10 * hour,
])

/**
 * Messages to URLs, after Standard Webhooks 1.0 (https://www.standardwebhooks.com).
 *
 * ```ts
 * createEnvoyer({ channels: { webhook: webhook({ backend: http({ secret }) }) }, … })
 * ```
 */
export const webhook = defineChannel({
  address: webhookAddress,
  parts: { body: 'optional' },
  parseOptions,
  mergeOptions,
  retry: webhookRetry,
  // Mostly waiting for others' servers.
  concurrency: 400,
})
