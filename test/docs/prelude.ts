/** What the pieces of TypeScript in the guides use without bringing it along. */
const text = `
import pg from 'pg'
import { DataSource } from 'typeorm'
import { z } from 'zod'
import { createEnvoyer, defineEvent } from 'envoyer'
import { consoleChannel } from 'envoyer/channels/console'
import { email as emailChannel, smtp } from 'envoyer/channels/email'
import { http, webhook } from 'envoyer/channels/webhook'

export { createEnvoyer, defineEvent, defineConfig, failover, delays, exponential, fixed, linear } from 'envoyer'
export { consoleChannel, stdout } from 'envoyer/channels/console'
export { email, smtp } from 'envoyer/channels/email'
export { postoffice, postofficeServer } from 'envoyer/channels/postoffice'
export { sms, twilio } from 'envoyer/channels/sms'
export { http, webhook } from 'envoyer/channels/webhook'
export { createTestEnvoyer } from 'envoyer/testing'
export { z } from 'zod'

export const url = 'smtp://localhost'
export const from = 'hello@shop.example'
export const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
export const events = {
  'order-shipped': defineEvent({ context: z.object({ orderId: z.string() }) }),
  'order-placed': defineEvent({ context: z.object({ orderId: z.string() }) }),
  'newsletter': defineEvent({ context: z.object({ issue: z.number() }) }),
  'newsletter-sent': defineEvent({ context: z.object({ issue: z.number() }) }),
  'password-reset': defineEvent({ context: z.object({ link: z.string() }) }),
}
export const channels = {
  console: consoleChannel(),
  email: emailChannel({ backend: smtp({ url, from }) }),
  webhook: webhook({ backend: http({ secret }) }),
}
export const envoyer = createEnvoyer({ events, channels })
export const context = { orderId: '1042' }
export const orderId = '1042'
export const jane = { email: 'jane@example.com', name: 'Jane', userId: 'jane' }
export const editor = { email: 'editor@example.com' }
export const users = [jane]
export const id = '01a1fb64-2753-7113-b05b-55fe2feb4157'
export const source = new DataSource({ type: 'postgres' })
export const pool = new pg.Pool()
export const first = smtp({ url, from, name: 'first' })
export const second = smtp({ url, from, name: 'second' })
export const accountSid = 'AC00000000000000000000000000000000'
export const authToken = 'secret'
export const dkim = { domainName: 'shop.example', keySelector: 'mail', privateKey: '' }
export const tokenFor = (address: string) => address
export async function* subscribers() { yield jane }
`

/** Of Sentry's package, what a guide uses of it: it is not worth installing for that. */
const sentry = `
declare module '@sentry/node' {
  interface Context {
    tags?: Record<string, string>
    fingerprint?: string[]
    extra?: Record<string, unknown>
  }
  export function captureException(error: unknown, context?: Context): string
}
`

export const prelude = {
  sentry,
  text,
  names: [
    ...[...text.matchAll(/^export (?:const|async function\*) (\w+)/gm)].map(([, name]) => name!),
    ...[...text.matchAll(/^export \{(.*)\}/gm)].flatMap(([, list]) =>
      list!.split(',').map((name) => name.trim()),
    ),
  ],
}
