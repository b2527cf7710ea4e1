/**
 * What a normal engineer writes with these packages: a BullMQ job a message, a worker with a
 * concurrency of 50, Liquid, nodemailer's pool or `fetch`, and one INSERT when it is sent. Nothing
 * is tuned that their introductions do not speak of; nothing is left out that they do.
 *
 * PostgreSQL with `fsync`, Redis with an append-only file synced once a second (see common.ts). What
 * it does not have: Redis holds the only copy of what waits, so up to a second of it is lost with
 * Redis; a message is not in one transaction with what caused it.
 */
import { randomUUID } from 'node:crypto'
import { type ConnectionOptions, Queue, Worker } from 'bullmq'
import { createTransport } from 'nodemailer'
import pg from 'pg'
import { Webhook } from 'standardwebhooks'
import {
  type Contestant,
  type Context,
  context,
  from,
  type Person,
  parseTemplates,
  type Site,
  scopeOf,
  sentLog,
  serve,
  smtpConnections,
} from './common.ts'

interface Message {
  readonly id: string
  readonly person: Person
  readonly context: Context
}

/** Renders and sends one; gives what was sent and what was answered. */
function createSend({ channel, smtpPort, secret }: Site) {
  const templates = parseTemplates()
  const signer = new Webhook(secret)
  const transport = createTransport({
    ...{ pool: true, host: '127.0.0.1', port: smtpPort, maxConnections: smtpConnections },
  })
  const render = ({ engine, template }: (typeof templates)[keyof typeof templates], m: Message) =>
    engine.render(template, scopeOf(m.context, m.person)) as Promise<string>

  async function mail(m: Message) {
    const [subject, html, text] = await Promise.all([
      render(templates.subject, m),
      render(templates.html, m),
      render(templates.text, m),
    ])
    const info = await transport.sendMail({ from, to: m.person.email, subject, html, text })
    return {
      address: m.person.email,
      message: { subject, html, text },
      receipt: { id: info.messageId, response: info.response },
    }
  }
  async function post(m: Message) {
    const body = await render(templates.body, m)
    const at = new Date()
    const response = await fetch(m.person.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': m.id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': signer.sign(m.id, at, body),
      },
      body,
      signal: AbortSignal.timeout(15_000),
    })
    // Otherwise its connection is not used again.
    const answer = await response.text()
    if (!response.ok) throw new Error(`${m.person.url} answered ${response.status}`)
    return {
      address: m.person.url,
      message: { body },
      receipt: { status: response.status, body: answer },
    }
  }
  return { send: channel === 'email' ? mail : post, close: () => transport.close() }
}

await serve(async (site, settled): Promise<Contestant> => {
  const { channel, schema, databaseUrl, redisUrl } = site
  const pool = new pg.Pool({ connectionString: databaseUrl })
  await pool.query(sentLog(schema))
  const connection: ConnectionOptions = { url: redisUrl, maxRetriesPerRequest: null }
  const queue = new Queue<Message>(schema, {
    connection,
    defaultJobOptions: {
      ...{ attempts: 5, backoff: { type: 'exponential', delay: 5000 } },
      ...{ removeOnComplete: true, removeOnFail: 1000 },
    },
  })
  const { send, close } = createSend(site)
  let worker: Worker | undefined

  return {
    send: (people) =>
      queue.addBulk(
        people.map((person) => ({
          name: 'shipped',
          data: { id: randomUUID(), person, context },
        })),
      ),
    async work() {
      worker = new Worker<Message>(
        schema,
        async ({ data }) => {
          const { address, message, receipt } = await send(data)
          await pool.query(
            `INSERT INTO ${schema}.sent (id, event, channel, address, recipient, message, receipt, sent_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, now())`,
            [data.id, 'shipped', channel, address, data.person, message, receipt],
          )
          settled(1)
        },
        { connection, concurrency: 50 },
      )
      worker.on('failed', (_job, error) => console.error(error))
      await worker.waitUntilReady()
    },
    async sent() {
      const { rows } = await pool.query(`SELECT count(*)::int AS count FROM ${schema}.sent`)
      return (rows as { count: number }[])[0]!.count
    },
    async close() {
      await worker?.close()
      await queue.close()
      close()
      await pool.end()
    },
  }
})
