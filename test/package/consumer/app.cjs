const { z } = require('zod')

async function main() {
  const { createEnvoyer, defineEvent } = await import('envoyer')
  const { consoleChannel } = await import('envoyer/channels/console')
  const envoyer = createEnvoyer({
    events: {
      'order-shipped': defineEvent({
        context: z.object({ orderId: z.string(), shippedAt: z.string() }),
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
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
