/**
 * The best that we could make of BullMQ, pg, undici, nodemailer and Liquid: jobs that carry chunks of
 * 100, added in bulk; templates parsed once and rendered synchronously; keep-alive pools; one
 * prepared UNNEST statement a chunk for what was sent, in which the outbox is updated too.
 *
 * PostgreSQL with `fsync`, Redis with an append-only file synced once a second (see common.ts). It is
 * correct: what of a chunk fails is tried again by itself, and a chunk whose worker died leaves out
 * what is in the log already. It knows no rates, windows, lanes or urgent messages.
 */
import { createHmac, createSecretKey, randomUUID } from 'node:crypto'
import { type ConnectionOptions, type Job, Queue, Worker } from 'bullmq'
import { createTransport } from 'nodemailer'
import pg from 'pg'
import { Agent, request } from 'undici'
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
  smtpConnections,
} from './common.ts'

interface Message {
  readonly id: string
  readonly person: Person
}

interface Chunk {
  readonly messages: readonly Message[]
  readonly context: Context
  readonly tries: number
}

interface Sent {
  readonly id: string
  readonly person: Person
  readonly address: string
  readonly message: object
  readonly receipt: object
}

const chunkSize = 100
/** Chunks under way, as measured best: while one is written down, others are being sent. */
const chunksAtOnce = { webhook: 3, email: 2 }
const httpConnections = 100
const maxTries = 5

const outboxTable = (schema: string) => `
  CREATE TABLE ${schema}.outbox (
    id uuid PRIMARY KEY,
    event text NOT NULL,
    channel text NOT NULL,
    address text NOT NULL,
    recipient jsonb NOT NULL,
    context jsonb NOT NULL,
    status text NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz
  );
  CREATE INDEX outbox_pending ON ${schema}.outbox (created_at) WHERE status = 'pending'`

const addressOf = (channel: Site['channel'], person: Person) =>
  channel === 'email' ? person.email : person.url

/** Renders and sends one. */
function createSend({ channel, smtpPort, secret }: Site) {
  const templates = parseTemplates()
  const { subject: s, html: h, text: t, body: b } = templates
  const key = createSecretKey(Buffer.from(secret.slice('whsec_'.length), 'base64'))
  const transport = createTransport({
    ...{ pool: true, host: '127.0.0.1', port: smtpPort, maxConnections: smtpConnections },
    ...{ maxMessages: Number.POSITIVE_INFINITY, disableFileAccess: true, disableUrlAccess: true },
  })
  const dispatcher = new Agent({
    ...{ connections: httpConnections, pipelining: 1, headersTimeout: 15_000, bodyTimeout: 15_000 },
  })

  async function mail({ id, person }: Message, given: Context): Promise<Sent> {
    const scope = scopeOf(given, person)
    const message = {
      subject: s.engine.renderSync(s.template, scope) as string,
      html: h.engine.renderSync(h.template, scope) as string,
      text: t.engine.renderSync(t.template, scope) as string,
    }
    const { messageId, response } = await transport.sendMail({
      ...message,
      ...{ from, to: person.email, messageId: `<${id}@shop.example>` },
    })
    return { id, person, address: person.email, message, receipt: { id: messageId, response } }
  }
  async function post({ id, person }: Message, given: Context): Promise<Sent> {
    const body = b.engine.renderSync(b.template, scopeOf(given, person)) as string
    const seconds = Math.floor(Date.now() / 1000)
    const hmac = createHmac('sha256', key).update(`${id}.${seconds}.${body}`)
    const { statusCode, body: answer } = await request(person.url, {
      dispatcher,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': `v1,${hmac.digest('base64')}`,
      },
      body,
    })
    const text = await answer.text()
    if (statusCode > 299) throw new Error(`${person.url} answered ${statusCode}`)
    const receipt = { status: statusCode, body: text }
    return { id, person, address: person.url, message: { body }, receipt }
  }
  return {
    send: channel === 'email' ? mail : post,
    close: async () => {
      transport.close()
      await dispatcher.close()
    },
  }
}

/** The statements, prepared on each connection when it first runs them. */
function createStatements(pool: pg.Pool, { schema, channel }: Site, outbox: boolean) {
  const log = `
    INSERT INTO ${schema}.sent (id, event, channel, address, recipient, message, receipt, sent_at)
    SELECT id, 'shipped', $1, address, recipient, message, receipt, now()
    FROM UNNEST($2::uuid[], $3::text[], $4::jsonb[], $5::jsonb[], $6::jsonb[])
      AS s (id, address, recipient, message, receipt)`
  const settle = `
    WITH done AS (
      UPDATE ${schema}.outbox SET status = 'sent', settled_at = now()
      WHERE id = ANY($2::uuid[]) AND status = 'pending')
    ${log}`
  const enqueue = `
    INSERT INTO ${schema}.outbox (id, event, channel, address, recipient, context, status, created_at)
    SELECT id, 'shipped', $1, address, recipient, $2::jsonb, 'pending', now()
    FROM UNNEST($3::uuid[], $4::text[], $5::jsonb[]) AS o (id, address, recipient)`
  const texts = <T>(rows: readonly T[], pick: (row: T) => unknown) =>
    rows.map((row) => JSON.stringify(pick(row)))
  return {
    enqueue: (messages: readonly Message[], given: Context) =>
      pool.query({
        name: 'enqueue',
        text: enqueue,
        values: [
          channel,
          JSON.stringify(given),
          messages.map(({ id }) => id),
          messages.map(({ person }) => addressOf(channel, person)),
          texts(messages, ({ person }) => person),
        ],
      }),
    settle: (sent: readonly Sent[]) =>
      pool.query({
        name: 'settle',
        text: outbox ? settle : log,
        values: [
          channel,
          sent.map(({ id }) => id),
          sent.map(({ address }) => address),
          texts(sent, ({ person }) => person),
          texts(sent, ({ message }) => message),
          texts(sent, ({ receipt }) => receipt),
        ],
      }),
    async logged(messages: readonly Message[]): Promise<Set<string>> {
      const { rows } = await pool.query(`SELECT id FROM ${schema}.sent WHERE id = ANY($1)`, [
        messages.map(({ id }) => id),
      ])
      return new Set((rows as Message[]).map(({ id }) => id))
    },
  }
}

export async function openChunks(
  site: Site,
  settled: (count: number) => void,
  { outbox }: { readonly outbox: boolean },
): Promise<Contestant> {
  const { channel, schema, databaseUrl, redisUrl } = site
  const pool = new pg.Pool({ connectionString: databaseUrl })
  await pool.query(`${sentLog(schema)};${outbox ? outboxTable(schema) : ''}`)
  const connection: ConnectionOptions = { url: redisUrl, maxRetriesPerRequest: null }
  const jobOptions = { removeOnComplete: true, removeOnFail: true }
  const queue = new Queue<Chunk>(schema, { connection, defaultJobOptions: jobOptions })
  const statements = createStatements(pool, site, outbox)
  const { send, close } = createSend(site)

  const process = async ({ data, attemptsStarted }: Job<Chunk>): Promise<void> => {
    const { messages, tries } = data
    const done = attemptsStarted > 1 ? await statements.logged(messages) : undefined
    const due = done ? messages.filter(({ id }) => !done.has(id)) : messages
    const results = await Promise.allSettled(due.map((message) => send(message, data.context)))
    const sent = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    if (sent.length > 0) await statements.settle(sent)
    settled(sent.length)
    if (sent.length === due.length) return
    const failed = due.filter((_, n) => results[n]!.status === 'rejected')
    console.error(results.find((result) => result.status === 'rejected')?.reason)
    if (tries + 1 < maxTries) {
      const again = { ...data, messages: failed, tries: tries + 1 }
      await queue.add('shipped', again, { delay: 5000 * 2 ** tries })
    }
  }
  let worker: Worker | undefined
  return {
    async send(people) {
      const messages = people.map((person) => ({ id: randomUUID(), person }))
      if (outbox) await statements.enqueue(messages, context)
      const chunks: Chunk[] = []
      for (let at = 0; at < messages.length; at += chunkSize)
        chunks.push({ messages: messages.slice(at, at + chunkSize), context, tries: 0 })
      await queue.addBulk(chunks.map((data) => ({ name: 'shipped', data })))
    },
    async work() {
      worker = new Worker<Chunk>(schema, process, {
        connection,
        concurrency: chunksAtOnce[channel],
      })
      worker.on('failed', (_job, error) => console.error(error))
      await worker.waitUntilReady()
    },
    async sent() {
      const { rows } = await pool.query(`SELECT count(*)::int AS count FROM ${schema}.sent`)
      const { rows: open } = outbox
        ? await pool.query(
            `SELECT count(*)::int AS count FROM ${schema}.outbox WHERE status <> 'sent'`,
          )
        : { rows: [{ count: 0 }] }
      const [logged, left] = [rows, open].map((each) => (each as { count: number }[])[0]!.count)
      return logged! - left!
    },
    async close() {
      await worker?.close()
      await queue.close()
      await close()
      await pool.end()
    },
  }
}
