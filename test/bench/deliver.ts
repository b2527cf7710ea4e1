/**
 * Deliveries a second from the outbox to a sink: claimed, rendered, sent and settled. Against bare
 * posts and bare pooled mails of the same content, at the same concurrency, to the same sink.
 *
 *   npm run bench -- deliver
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { Pool } from 'undici'
import { z } from 'zod'
import { email, smtp } from '../../channels/email/index.ts'
import { http, webhook } from '../../channels/webhook/index.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { defineEvent } from '../../src/event/define.ts'
import { createSigningSecret } from '../../src/secret/signing-secret.ts'
import { type Engine, embedded, postgres } from '../support/engines.ts'
import { pager, recorder } from '../support/pager.ts'
import {
  type BenchRow,
  inLanes,
  interleave,
  isMain,
  perSecond,
  print,
  startHttpSink,
  startSmtpSink,
} from './measure.ts'

const rounds = 3
const count = 4000
const mails = 2000
/** As many as the channel has in flight by default. */
const inFlight = 100
const mailsInFlight = 50

const subject = 'Order {{ orderId }} is on its way'
const html =
  '<!doctype html><body><h1>On its way</h1><p>Hello {{ recipient.name }}, order {{ orderId }} has left our house with {{ carrier }}.</p></body>'
const text =
  'Hello {{ recipient.name }}, order {{ orderId }} has left our house with {{ carrier }}.'
const context = { orderId: 'A-1042', carrier: 'DHL' }

function templates(): string {
  const folder = mkdtempSync(join(tmpdir(), 'envoyer-bench-'))
  mkdirSync(join(folder, 'shipped'))
  writeFileSync(join(folder, 'shipped/email.subject.liquid'), subject)
  writeFileSync(join(folder, 'shipped/email.html.liquid'), html)
  writeFileSync(join(folder, 'shipped/email.text.liquid'), text)
  return folder
}

async function benchEngine(engine: Engine): Promise<BenchRow[]> {
  const folder = templates()
  const [httpSink, smtpSink] = await Promise.all([startHttpSink(), startSmtpSink()])
  const backend = recorder()
  const envoyer = createEnvoyer({
    ...engine.fresh(),
    ...(engine.name === 'embedded' ? { directory: `${process.env.BENCH_DIRECTORY}/deliver` } : {}),
    templates: folder,
    events: {
      shipped: defineEvent({ context: z.object({ orderId: z.string(), carrier: z.string() }) }),
    },
    channels: {
      webhook: webhook({
        backend: http({ allow: ['127.0.0.1'], secret: createSigningSecret() }),
      }),
      email: email({
        backend: smtp({
          host: '127.0.0.1',
          port: smtpSink.port,
          from: 'Shop <hello@shop.example>',
          connections: 5,
        }),
      }),
      pager: pager({ backend, concurrency: inFlight }),
    },
    recipient: { data: (user: { name: string }) => ({ name: user.name }) },
  })
  /** The worker's half alone: all is written before it starts. */
  const deliver = async (channel: 'webhook' | 'email' | 'pager', users: readonly object[]) => {
    const sent = await envoyer.send('shipped', users as never, context, { channels: [channel] })
    const rate = await perSecond(users.length, async () => {
      const worker = await envoyer.worker({ channels: [channel] })
      const done = await envoyer.waitFor(sent, { timeoutMs: 120_000 })
      if (done.sent !== users.length) throw new Error(JSON.stringify(done))
      await worker.stop()
    })
    backend.sent.length = 0
    return rate
  }
  const hooks = Array.from({ length: count }, (_, n) => ({
    url: `${httpSink.origin}/hook/${n}`,
    name: `N ${n}`,
  }))
  const people = Array.from({ length: mails }, (_, n) => ({
    email: `r${n}@x.example`,
    name: `N ${n}`,
  }))
  const pagers = Array.from({ length: count }, (_, n) => ({ pager: `p${n}`, name: `N ${n}` }))
  const pool = new Pool(httpSink.origin, { connections: inFlight, pipelining: 1 })
  const body = JSON.stringify({
    id: crypto.randomUUID(),
    type: 'shipped',
    timestamp: new Date(),
    data: context,
  })
  const bare = createTransport({
    pool: true,
    host: '127.0.0.1',
    port: smtpSink.port,
    maxConnections: 5,
    maxMessages: Number.POSITIVE_INFINITY,
  })
  const post = async (n: number) => {
    const answer = await pool.request({
      method: 'POST',
      path: `/hook/${n}`,
      headers: { 'content-type': 'application/json' },
      body,
    })
    await answer.body.text()
  }
  const mail = (n: number) =>
    bare.sendMail({ from: 'Shop <hello@shop.example>', to: `r${n}@x.example`, subject, html, text })
  const rows = [
    await interleave(
      `${engine.name}: webhooks delivered (floor: bare posts)`,
      rounds,
      () => deliver('webhook', hooks),
      () => perSecond(count, () => inLanes(inFlight, count, post)),
    ),
    await interleave(
      `${engine.name}: mails delivered (floor: bare pooled nodemailer)`,
      rounds,
      () => deliver('email', people),
      () => perSecond(mails, () => inLanes(mailsInFlight, mails, mail)),
    ),
    await interleave(
      `${engine.name}: outbox alone, nothing sent (floor: bare posts)`,
      rounds,
      () => deliver('pager', pagers),
      () => perSecond(count, () => inLanes(inFlight, count, post)),
    ),
  ]
  await envoyer.close()
  await pool.close()
  bare.close()
  httpSink.stop()
  smtpSink.stop()
  rmSync(folder, { recursive: true })
  return rows
}

export async function benchDeliver(): Promise<BenchRow[]> {
  return [...(await benchEngine(postgres)), ...(await benchEngine(embedded))]
}

if (isMain(import.meta.url)) print(await benchDeliver())
