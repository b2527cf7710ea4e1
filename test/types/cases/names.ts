import { z } from 'zod'
import { createEnvoyer, defineConfig, defineEvent } from '../../../src/index.ts'
import { channels, events, shipped, shop, someone } from './shop.ts'

await shop.send('order-shipped', someone, shipped)

// @ts-expect-error: '"order-shiped"' is not assignable to parameter of type
await shop.send('order-shiped', someone, shipped)

// An unconfigured channel: of an event,
createEnvoyer({
  events: {
    // @ts-expect-error: Type '"pigeon"' is not assignable to type
    alarm: defineEvent({ context: z.object({}), channels: ['email', 'pigeon'] }),
  },
  channels,
})

defineConfig({
  events: {
    // @ts-expect-error: Type '"pigeon"' is not assignable to type
    alarm: defineEvent({ context: z.object({}), channels: ['pigeon'] }),
  },
  channels,
})

const elsewhere = { alarm: defineEvent({ context: z.object({}), channels: ['pigeon'] }) }
// @ts-expect-error: Type '"pigeon"' is not assignable to type
createEnvoyer({ events: elsewhere, channels })

// of a call,
await shop.send('order-shipped', someone, shipped, { channels: ['email'] })
// @ts-expect-error: Type '"pigeon"' is not assignable to type
await shop.send('order-shipped', someone, shipped, { channels: ['email', 'pigeon'] })

// of a worker,
await shop.worker({ channels: ['email'], stopOn: [] })
// @ts-expect-error: Type '"pigeon"' is not assignable to type
await shop.worker({ channels: ['pigeon'] })

// of the run-time settings and templates,
await shop.settings.set('email', { on: false })
// @ts-expect-error: '"pigeon"' is not assignable to parameter of type
await shop.settings.set('pigeon', { on: false })
await shop.templates.set('order-shipped', 'email', 'subject', 'Sent!')
// @ts-expect-error: '"pigeon"' is not assignable to parameter of type
await shop.templates.set('order-shipped', 'pigeon', 'text', 'Sent!')
// @ts-expect-error: '"shipped"' is not assignable to parameter of type
await shop.templates.set('shipped', 'email', 'subject', 'Sent!')

// of the recipients' addresses.
createEnvoyer({
  events,
  channels,
  recipient: {
    address: {
      sms: (user: { mobile: string }) => user.mobile,
      // @ts-expect-error: 'pigeon' does not exist in type
      pigeon: (user: { loft: string }) => user.loft,
    },
  },
})

// Signals.
shop.on('delivery:sent', (sent) => sent.id.toUpperCase())
// @ts-expect-error: '"delivery:arrived"' is not assignable to parameter of type
shop.on('delivery:arrived', () => {})
