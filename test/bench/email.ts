/**
 * Mails a second through our SMTP backend against bare nodemailer: the same mail, the same pool,
 * the same server in a process of its own. `node --import tsx test/bench/email.ts`
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createTransport } from 'nodemailer'
import { smtp } from '../../channels/email/index.ts'
import { mailTo } from '../support/smtp-mail.ts'

export interface BenchResult {
  readonly name: string
  /** Per second, the median of the rounds. */
  readonly ours: number
  readonly floor: number
}

const rounds = 7
const mailsPerRound = 2_000
const connections = 5
const concurrency = Number(process.env.BENCH_CONCURRENCY ?? 20)

const message = {
  subject: 'Your order #1042 is on its way',
  html: `<!doctype html><body><h1>On its way</h1>${'<p>Thank you for your order, <b>Jürgen</b>. It has left our house.</p>'.repeat(12)}</body>`,
  text: 'Thank you for your order, Jürgen. It has left our house.\n'.repeat(12),
}

export async function benchSmtp(): Promise<BenchResult[]> {
  const sink = await startSink()
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
  await measure(sendOurs, 500)
  await measure(sendBare, 500)
  const ours: number[] = []
  const floor: number[] = []
  for (let round = 0; round < rounds; round++) {
    ours.push(await measure(sendOurs, mailsPerRound))
    floor.push(await measure(sendBare, mailsPerRound))
  }
  const expected = 2 * (500 + rounds * mailsPerRound)
  const taken = await sink.count()
  await backend.close!()
  bare.close()
  sink.stop()
  if (taken !== expected) throw new Error(`${taken} of ${expected} mails arrived`)
  return [{ name: 'smtp: mails/s', ours: median(ours), floor: median(floor) }]
}

/** Calls `send` so many times, `concurrency` at a time; returns how many a second. */
async function measure(send: (n: number) => Promise<unknown>, count: number): Promise<number> {
  let next = 0
  const start = performance.now()
  const lane = async () => {
    while (next < count) await send(next++)
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  return (count / (performance.now() - start)) * 1_000
}

async function startSink() {
  const script = fileURLToPath(new URL('../support/smtp-sink.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const line = () =>
    new Promise<number>((resolve) => lines.once('line', (text) => resolve(Number(text))))
  const port = await line()
  return {
    port,
    count: () => {
      child.stdin.write('\n')
      return line()
    },
    stop: () => child.stdin.end(),
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return Math.round(sorted[Math.floor(sorted.length / 2)]!)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { name, ours, floor } of await benchSmtp()) {
    console.log(
      `${name}: ours ${ours}, nodemailer alone ${floor}, ratio ${(ours / floor).toFixed(2)}`,
    )
  }
}
