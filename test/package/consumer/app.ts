import { createEnvoyer, defineEvent, EnvoyerError } from 'envoyer'
import { consoleChannel } from 'envoyer/channels/console'
import { email, smtp } from 'envoyer/channels/email'
import { http, webhook } from 'envoyer/channels/webhook'
import { z } from 'zod'

interface Customer {
  readonly name: string
  readonly mail?: string
}

const envoyer = createEnvoyer({
  events: {
    'order-shipped': defineEvent({
      context: z.object({
        orderId: z.string(),
        shippedAt: z.iso.datetime().transform((text) => new Date(text)),
      }),
      channels: ['console'],
    }),
  },
  channels: {
    console: consoleChannel(),
    email: email({ backend: smtp({ url: 'smtp://127.0.0.1:1', from: 'shop@example.org' }) }),
    webhook: webhook({ backend: http() }),
  },
  recipient: {
    address: { email: (customer: Customer) => customer.mail },
    data: (customer) => ({ name: customer.name }),
  },
  templates: './templates',
})

const ada: Customer = { name: 'Ada' }
const worker = await envoyer.worker()
const result = await envoyer.send('order-shipped', [ada], {
  orderId: '42',
  shippedAt: '2026-01-31T10:00:00Z',
})
const completed = await envoyer.waitFor(result)
console.log(`${completed.sent} sent, ${result.skipped.total} skipped`)
await envoyer.send('order-shipped', ada, { orderId: '42', shippedAt: 'today' }).catch((error) => {
  console.log(error instanceof EnvoyerError ? error.code : error)
})
await worker.stop()
await envoyer.close()
