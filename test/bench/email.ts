/**
 * Mails a second through our SMTP backend against bare nodemailer: the same mail, the same pool,
 * the same server in a process of its own. `node --import ./build/typescript/register.js test/bench/email.ts`
 */
import { createTransport } from 'nodemailer'
import { smtp } from '../../channels/email/index.ts'
import { mailTo } from '../support/smtp-mail.ts'
import {
  type BenchRow,
  inLanes,
  interleave,
  isMain,
  perSecond,
  print,
  startSmtpSink,
} from './measure.ts'

const rounds = 7
const mailsPerRound = 2_000
const connections = 5
const concurrency = Number(process.env.BENCH_CONCURRENCY ?? 20)

const message = {
  subject: 'Your order #1042 is on its way',
  html: `<!doctype html><body><h1>On its way</h1>${'<p>Thank you for your order, <b>Jürgen</b>. It has left our house.</p>'.repeat(12)}</body>`,
  text: 'Thank you for your order, Jürgen. It has left our house.\n'.repeat(12),
}

export async function benchSmtp(): Promise<BenchRow[]> {
  const sink = await startSmtpSink()
  const backend = smtp({
    host: '127.0.0.1',
    port: sink.port,
    from: 'Shop <hello@shop.example>',
    connections,
  })
  const bare = createTransport({
    pool: true,
    host: '127.0.0.1',
    port: sink.port,
    maxConnections: connections,
    maxMessages: Number.POSITIVE_INFINITY,
  })
  const sendOurs = (n: number) => backend.send(mailTo(`r${n}@x.example`, { id: `m${n}`, message }))
  const sendBare = (n: number) =>
    bare.sendMail({ from: 'Shop <hello@shop.example>', to: `r${n}@x.example`, ...message })
  const rate = (send: (n: number) => Promise<unknown>) =>
    perSecond(mailsPerRound, () => inLanes(concurrency, mailsPerRound, send))
  const row = await interleave(
    'smtp backend: mails (floor: bare pooled nodemailer)',
    rounds,
    () => rate(sendOurs),
    () => rate(sendBare),
  )
  const taken = await sink.count()
  await backend.close!()
  bare.close()
  sink.stop()
  const expected = 2 * (rounds + 1) * mailsPerRound
  if (taken !== expected) throw new Error(`${taken} of ${expected} mails arrived`)
  return [row]
}

if (isMain(import.meta.url)) print(await benchSmtp())
