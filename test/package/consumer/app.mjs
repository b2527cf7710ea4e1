import { createEnvoyer, defineEvent } from 'envoyer'
import { consoleChannel } from 'envoyer/channels/console'
import { z } from 'zod'

const envoyer = createEnvoyer({
  events: {
    'order-shipped': defineEvent({
      context: z.object({ orderId: z.string(), shippedAt: z.iso.datetime() }),
    }),
  },
  channels: { console: consoleChannel() },
  recipient: { data: (customer) => ({ name: customer.name }) },
  templates: './templates',
})
await envoyer.worker()
const result = await envoyer.send(
  'order-shipped',
  { name: 'Ada' },
  {
    orderId: '42',
    shippedAt: '2026-01-31T10:00:00Z',
  },
)
console.log(`${(await envoyer.waitFor(result)).sent} sent`)
await envoyer.close()
