/**
 * Posts a second through the `http` backend (payload, signature, guard, client, receipt) beside
 * those of a bare undici Pool that sends the same body to the same receiver, 50 in flight.
 *
 *     node --import tsx test/bench/webhook.ts
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Pool } from 'undici'
import { http, type WebhookAddress } from '../../channels/webhook/index.ts'
import type { Outgoing } from '../../src/channel/backend.ts'
import { createSigningSecret } from '../../src/secret/signing-secret.ts'

export interface BenchRow {
  readonly name: string
  /** Per second, the median of the rounds; `floor` is what nothing but the network allows. */
  readonly ours: number
  readonly floor: number
}

const inFlight = 50
const rounds = 7
const roundMs = 1000
const path = fileURLToPath(import.meta.url)

/** The receiver, in a process of its own: reads everything, answers 204. */
function serveSink(): void {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(204).end())
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
  process.once('disconnect', () => process.exit())
}

function outgoing(address: WebhookAddress): Outgoing<WebhookAddress, { body?: string }, object> {
  return {
    id: '01930000-0000-7000-8000-000000000001',
    notificationId: '01930000-0000-7000-8000-000000000000',
    attempt: 1,
    event: 'order-shipped',
    channel: 'webhook',
    address,
    message: {},
    options: {},
    context: {},
    input: { orderId: '1042', lines: Array(20).fill({ sku: 'AB-1234', quantity: 2, cents: 1999 }) },
    recipient: {},
    locale: 'en',
    zone: 'UTC',
    createdAt: new Date(),
    signal: new AbortController().signal,
  }
}

/** How many times a second `work` runs with 50 of it under way. */
async function rate(makeWork: () => () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  let done = 0
  const lane = async () => {
    const work = makeWork()
    while (performance.now() - started < roundMs) {
      await work()
      done += 1
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  return (done * 1000) / (performance.now() - started)
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!

/** Rounds of both in turn, so that a noisy moment meets both; the first one of each warms up. */
export async function benchHttp(): Promise<BenchRow[]> {
  const sink = fork(path, ['sink'], { execArgv: process.execArgv })
  const [port] = (await once(sink, 'message')) as [number]
  const origin = `http://127.0.0.1:${port}`
  const address = { url: `${origin}/hook` }
  const backend = http({ allow: ['127.0.0.1'], secret: createSigningSecret() })
  const pool = new Pool(origin, { pipelining: 1 })
  const { id, event: type, createdAt, input: data } = outgoing(address)
  const body = JSON.stringify({ id, type, timestamp: createdAt.toISOString(), data })
  const headers = { 'content-type': 'application/json' }

  const oursRates: number[] = []
  const floorRates: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const ours = await rate(() => {
      const message = outgoing(address)
      return () => backend.send(message)
    })
    const floor = await rate(() => async () => {
      const answer = await pool.request({ method: 'POST', path: '/hook', headers, body })
      await answer.body.text()
    })
    if (round === 0) continue
    oursRates.push(ours)
    floorRates.push(floor)
  }
  await Promise.all([backend.close(), pool.close()])
  sink.disconnect()
  return [
    { name: 'webhook posts/s, 50 in flight', ours: median(oursRates), floor: median(floorRates) },
  ]
}

if (process.argv[1] === path) {
  if (process.argv[2] === 'sink') serveSink()
  else {
    for (const { name, ours, floor } of await benchHttp()) {
      const ratio = (ours / floor).toFixed(2)
      console.log(`${name}: ${Math.round(ours)} (floor ${Math.round(floor)}, ratio ${ratio})`)
    }
  }
}
