const refused = 'nobody@example.com'

/** What the pieces of TypeScript in the guides use without bringing it along: it is there, and works. */
const text = `
import pg from 'pg'
import { DataSource } from 'typeorm'
import { z } from 'zod'
import { createEnvoyer, defineEvent } from 'envoyer'
import { consoleChannel } from 'envoyer/channels/console'
import { email as emailChannel, smtp } from 'envoyer/channels/email'
import { sms as smsChannel, twilio } from 'envoyer/channels/sms'
import { http, webhook } from 'envoyer/channels/webhook'

export { createEnvoyer, defineEvent, defineConfig, failover, delays, exponential, fixed, linear } from 'envoyer'
export { consoleChannel, stdout } from 'envoyer/channels/console'
export { email, smtp } from 'envoyer/channels/email'
export { postoffice, postofficeServer } from 'envoyer/channels/postoffice'
export { sms, twilio } from 'envoyer/channels/sms'
export { http, webhook } from 'envoyer/channels/webhook'
export { createTestEnvoyer } from 'envoyer/testing'
export { z } from 'zod'

export const url = process.env.SMTP_URL ?? 'smtp://localhost'
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
export const envoyer = createEnvoyer({ events, channels, templates: 'templates', zone: 'Europe/Berlin' })
await envoyer.migrate()
export const context = { orderId: '1042' }
export const orderId = '1042'
export const jane = { email: 'jane@example.com', phone: '+4915112345678', name: 'Jane', userId: 'jane' }
export const editor = { email: 'editor@example.com' }
export const users = [jane]
export const source = await new DataSource({
  type: 'postgres',
  url: process.env.ENVOYER_DATABASE_URL!,
}).initialize()
export const pool = new pg.Pool({ connectionString: process.env.ENVOYER_DATABASE_URL })
await pool.query('CREATE TABLE orders (id text PRIMARY KEY, shipped_at timestamptz)')
export const first = smtp({ url, from, name: 'first' })
export const second = smtp({ url, from, name: 'second' })
export const accountSid = 'AC00000000000000000000000000000000'
export const authToken = 'secret'
export const shop = createEnvoyer({
  events: {
    'order-arriving': defineEvent({
      context: z.object({ orderId: z.string() }),
      channels: ['sms'],
      fallback: 'email',
    }),
  },
  channels: {
    sms: smsChannel({ backend: twilio({ accountSid, authToken, from: '+15005550006' }) }),
    email: emailChannel({ backend: smtp({ url, from }) }),
  },
  templates: 'templates',
})
export const dkim = {
  ...{ domainName: 'shop.example', keySelector: 'mail' },
  privateKey: process.env.DKIM_KEY ?? '',
}
export const tokenFor = (address: string) => address
export async function* subscribers() { yield jane }

const people = [jane, { email: '${refused}' }]
const result = await envoyer.send('order-shipped', people, context, { channels: ['email'] })
export const sentId = result.deliveries[0]!.id
export const failedId = result.deliveries[1]!.id
const worker = await envoyer.worker({ stopOn: [] })
await envoyer.waitFor(result)
await worker.stop()
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

const mail = (event: string) => ({
  [`${event}/email.subject`]: `About ${event}`,
  [`${event}/email.text`]: 'Good day!',
})

export const prelude = {
  /** A recipient whom the mail server is to refuse. */
  refused,
  sentry,
  text,
  environment: {
    TWILIO_ACCOUNT_SID: 'AC00000000000000000000000000000000',
    TWILIO_AUTH_TOKEN: 'secret',
    TWILIO_SERVICE_SID: 'MG00000000000000000000000000000000',
    WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  },
  /** By their paths, without the extension. */
  templates: {
    ...mail('order-shipped'),
    ...mail('order-placed'),
    ...mail('order-late'),
    ...mail('order-arriving'),
    ...mail('newsletter'),
    ...mail('newsletter-sent'),
    ...mail('password-reset'),
    'order-arriving/sms.text': 'Good day!',
  },
  names: [
    ...[...text.matchAll(/^export (?:const|async function\*) (\w+)/gm)].map(([, name]) => name!),
    ...[...text.matchAll(/^export \{(.*)\}/gm)].flatMap(([, list]) =>
      list!.split(',').map((name) => name.trim()),
    ),
  ],
}
