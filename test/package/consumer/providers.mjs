/** One message each to a stand-in of a mail server, of a webhook receiver, and to the console. */
import { createHmac } from 'node:crypto'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { createEnvoyer, defineEvent } from 'envoyer'
import { consoleChannel } from 'envoyer/channels/console'
import { email, smtp } from 'envoyer/channels/email'
import { http, webhook } from 'envoyer/channels/webhook'
import { z } from 'zod'

const mails = []
const mailServer = createServer((socket) => {
  const say = (line) => socket.write(`${line}\r\n`)
  let data
  say('220 stand-in')
  createInterface({ input: socket }).on('line', (line) => {
    if (data && line !== '.') return data.push(line)
    if (data) {
      mails.push(data.join('\n'))
      data = undefined
      return say('250 taken')
    }
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'DATA') data = []
    say(verb === 'DATA' ? '354 go on' : verb === 'QUIT' ? '221 bye' : '250 ok')
  })
})

const key = Buffer.alloc(24, 7)
const verified = []
const receiver = createHttpServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks).toString()
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': given } = request.headers
  const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')
  verified.push(given === `v1,${signature}` && JSON.parse(body).data.orderId)
  response.end()
})

const listen = (server) =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))
const [mailPort, receiverPort] = await Promise.all([listen(mailServer), listen(receiver)])

const envoyer = createEnvoyer({
  events: {
    'order-shipped': defineEvent({
      context: z.object({ orderId: z.string(), shippedAt: z.iso.datetime() }),
      channels: ['console', 'email', 'webhook'],
    }),
  },
  channels: {
    console: consoleChannel(),
    email: email({
      backend: smtp({ url: `smtp://127.0.0.1:${mailPort}`, from: 'shop@example.org' }),
    }),
    webhook: webhook({
      backend: http({ secret: `whsec_${key.toString('base64')}`, allow: ['127.0.0.1'] }),
    }),
  },
  recipient: { data: (customer) => ({ name: customer.name }) },
  templates: './templates',
  onFailure: console.error,
})
envoyer.on('delivery:retrying', console.error)
await envoyer.worker()
const result = await envoyer.send(
  'order-shipped',
  { name: 'Ada', email: 'ada@example.org', url: `http://127.0.0.1:${receiverPort}/` },
  { orderId: '42', shippedAt: '2026-01-31T10:00:00Z' },
)
const { sent } = await envoyer.waitFor(result, { timeoutMs: 30_000 })
await envoyer.close()
mailServer.close()
receiver.close()

const subject = /^Subject: (.*)$/m.exec(mails[0] ?? '')?.[1]
console.log(`${sent} sent; mail: ${subject}; webhook: ${verified.join()}`)
