// An application writes: import { defineEvent } from 'envoyer'
import { z } from 'zod'
import { defineEvent } from '../src/index.ts'

/** Contexts are stored as JSON, so instants come in as text; templates get them as dates. */
const instant = z.iso.datetime().transform((text) => new Date(text))

/**
 * What can happen in the shop. The keys are the events' names: those that `send` takes, and the
 * folders in `templates/`.
 */
export const events = {
  'order-placed': defineEvent({
    label: 'Order placed',
    context: z.object({
      orderId: z.string(),
      items: z
        .array(z.object({ name: z.string(), quantity: z.int().positive(), price: z.number() }))
        .min(1),
      total: z.number(),
      currency: z.string().length(3),
      placedAt: instant,
    }),
    channels: ['email', 'console'],
  }),
  'order-shipped': defineEvent({
    label: 'Order shipped',
    context: z.object({
      orderId: z.string(),
      parcels: z.int().positive(),
      trackingUrl: z.url(),
      arrivesAt: instant,
    }),
    channels: ['email', 'webhook'],
  }),
  'order-arriving': defineEvent({
    label: 'Order arriving',
    context: z.object({ orderId: z.string(), arrivesAt: instant, trackingUrl: z.url() }),
    channels: ['sms'],
  }),
  'stock-changed': defineEvent({
    label: 'Stock changed',
    context: z.object({ orderId: z.string(), item: z.string(), left: z.int() }),
    // Programs get the context as it is, so that there are no templates.
    channels: ['postoffice'],
  }),
  'password-reset': defineEvent({
    label: 'Password reset',
    context: z.object({ link: z.url(), expiresAt: instant }),
    channels: ['email'],
    // Overtakes everything that waits: somebody looks at the inbox right now.
    urgent: true,
  }),
}
