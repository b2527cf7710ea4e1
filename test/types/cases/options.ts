import { z } from 'zod'
import { email, smtp } from '../../../channels/email/index.ts'
import { type Backend, createEnvoyer, defineChannel, defineEvent } from '../../../src/index.ts'
import { channels, events, shipped, shop, sms, someone } from './shop.ts'

await shop.send('order-shipped', someone, shipped, {
  key: 'order:7',
  at: new Date(),
  locale: 'de',
  urgent: true,
  channelOptions: { email: { replyTo: 'us@example.org' }, webhook: { headers: { a: 'b' } } },
})
// @ts-expect-error: 'retries' does not exist in type
await shop.send('order-shipped', someone, shipped, { retries: 3 })

// Options of the channels' messages: of a call,
// @ts-expect-error: 'pigeon' does not exist in type
await shop.send('order-shipped', someone, shipped, { channelOptions: { pigeon: {} } })
await shop.send('order-shipped', someone, shipped, {
  // @ts-expect-error: 'replyTo' does not exist in type 'WebhookOptions'
  channelOptions: { webhook: { replyTo: 'us@example.org' } },
})
// @ts-expect-error: Type 'number' is not assignable to type 'string'
await shop.send('order-shipped', someone, shipped, { channelOptions: { email: { from: 1 } } })
// @ts-expect-error: is not assignable to type
await shop.send('order-shipped', someone, shipped, { channelOptions: { sms: { from: 'x' } } })

// and of an event.
const context = z.object({})
createEnvoyer({
  events: {
    fine: defineEvent({ context, channelOptions: { email: { cc: ['a@example.org'] } } }),
    both: defineEvent({ context, channels: ['sms'], channelOptions: { email: {}, webhook: {} } }),
    // @ts-expect-error: Type '"pigeon"' is not assignable to type
    unknown: defineEvent({ context, channelOptions: { pigeon: { loft: 1 } } }),
    // @ts-expect-error: Type 'number' is not assignable to type
    wrong: defineEvent({ context, channelOptions: { email: { from: 1 } } }),
    // @ts-expect-error: has no properties in common with type
    other: defineEvent({ context, channelOptions: { webhook: { replyTo: 'x' } } }),
  },
  channels,
})

// Groups and fallbacks name configured channels, and what is sensitive, keys of the context.
await shop.send('order-shipped', someone, shipped, { grouping: { email: 'together' } })
// @ts-expect-error: 'pigeon' does not exist in type
await shop.send('order-shipped', someone, shipped, { grouping: { pigeon: 'each' } })
// @ts-expect-error: Type '"all"' is not assignable to type
await shop.send('order-shipped', someone, shipped, { grouping: { email: 'all' } })
const reset = z.object({ token: z.string() })
createEnvoyer({
  events: {
    fine: defineEvent({ context, grouping: { email: 'together' }, fallback: 'sms' }),
    listed: defineEvent({
      context,
      channels: ['sms'],
      grouping: { sms: 'each' },
      fallback: 'email',
    }),
    // @ts-expect-error: Type '"pigeon"' is not assignable to type
    grouped: defineEvent({ context, grouping: { pigeon: 'together' } }),
    // @ts-expect-error: Type '"pigeon"' is not assignable to type
    fallen: defineEvent({ context, fallback: 'pigeon' }),
    whole: defineEvent({ context: reset, sensitive: true }),
    part: defineEvent({ context: reset, sensitive: ['token'] }),
    // @ts-expect-error: Type '"tokn"' is not assignable to type '"token"'
    misspelt: defineEvent({ context: reset, sensitive: ['tokn'] }),
  },
  channels,
})

// What follows once all is settled.
await shop.send('order-shipped', someone, shipped, {
  onCompleted: { event: 'password-reset', recipients: someone, context: { link: 'https://a.b' } },
})
await shop.send('order-shipped', someone, shipped, {
  // @ts-expect-error: Type '"password"' is not assignable to type
  onCompleted: { event: 'password', recipients: someone, context: { link: 'https://a.b' } },
})
await shop.send('order-shipped', someone, shipped, {
  // @ts-expect-error: 'orderId' does not exist in type '{ link: string; }'
  onCompleted: { event: 'password-reset', recipients: someone, context: { orderId: '7' } },
})

// The parts of a channel.
await shop.templates.set('order-shipped', 'email', 'subject', 'Sent!', { locale: 'de' })
await shop.templates.reset('order-shipped', 'sms')
// @ts-expect-error: '"title"' is not assignable to parameter of type
await shop.templates.set('order-shipped', 'email', 'title', 'Sent!')
// @ts-expect-error: '"subject"' is not assignable to parameter of type '"text"'
await shop.templates.reset('order-shipped', 'sms', 'subject')

// A channel's backend gets its parts, and no other channel's.
const backend: Backend<string, { readonly text: string }> = {
  name: 'own',
  send: async ({ message, address }) => ({ id: `${address}${message.text.length}` }),
}
sms({ backend })
// @ts-expect-error: Type 'Backend<string, EmailMessage, EmailOptions>' is not assignable to type
sms({ backend: smtp({ url: 'smtp://127.0.0.1', from: 'a@example.org' }) })
// @ts-expect-error: Property 'title' does not exist on type
email({ backend: { name: 'own', send: async ({ message }) => ({ id: message.title }) } })
// @ts-expect-error: Property 'backend' is missing
email({ concurrency: 3 })
defineChannel({
  address: { parse: (value) => String(value), key: (address: string) => address },
  // @ts-expect-error: Type '"needed"' is not assignable to type
  parts: { text: 'needed' },
})

// The whole configuration.
// @ts-expect-error: Property 'channels' is missing
createEnvoyer({ events })
// @ts-expect-error: Property 'events' is missing
createEnvoyer({ channels })
// @ts-expect-error: 'template' does not exist in type
createEnvoyer({ events, channels, template: './templates' })
// @ts-expect-error: Type '"disk"' is not assignable to type
createEnvoyer({ events, channels, durability: 'disk' })
const surroundings = { zone: 'Europe/Berlin', locale: 'en', durability: 'process' } as const
createEnvoyer({ events, channels, ...surroundings })
createEnvoyer({ events, channels, fallbackLocales: ['en', 'de'] } as const)
// @ts-expect-error: Property 'context' is missing
defineEvent({ label: 'Nothing' })
// @ts-expect-error: is not assignable to type
createEnvoyer({ events: { alarm: { context: 'text' } }, channels })
