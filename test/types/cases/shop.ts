import { z } from 'zod'
import { consoleChannel } from '../../../channels/console/index.ts'
import { email, smtp } from '../../../channels/email/index.ts'
import { http, webhook } from '../../../channels/webhook/index.ts'
import { createEnvoyer, defineChannel, defineEvent } from '../../../src/index.ts'

export const events = {
  'order-shipped': defineEvent({
    label: 'Order shipped',
    context: z.object({ orderId: z.string(), gift: z.boolean().optional() }),
    channels: ['email', 'webhook'],
  }),
  'password-reset': defineEvent({ context: z.object({ link: z.url() }), urgent: true }),
}

export const sms = defineChannel({
  address: {
    recipientKey: 'phone',
    parse: (value) => String(value),
    key: (phone: string) => phone,
  },
  parts: { text: 'required' },
})

export const channels = {
  email: email({ backend: smtp({ url: 'smtp://127.0.0.1', from: 'shop@example.org' }) }),
  webhook: webhook({ backend: http({ secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }) }),
  sms: sms({ backend: { name: 'none', send: async () => ({}) } }),
}

/** Without a channel that reaches anybody. */
export const shop = createEnvoyer({ events, channels })

export const printing = createEnvoyer({
  events,
  channels: { ...channels, console: consoleChannel() },
})

export const someone = { email: 'a@example.org' }
export const shipped = { orderId: '7' }
