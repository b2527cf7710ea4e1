/**
 * Posts a second through the `http` backend (payload, signature, guard, client, receipt) beside
 * those of a bare undici Pool that sends the same body to the same receiver, 50 in flight.
 *
 *     node --import ./build/typescript/register.js test/bench/webhook.ts
 */
import { Pool } from 'undici'
import { http, type WebhookAddress } from '../../channels/webhook/index.ts'
import type { Outgoing } from '../../src/channel/backend.ts'
import { createSigningSecret } from '../../src/secret/signing-secret.ts'
import { createOutgoing } from '../../src/testing/outgoing.ts'
import {
  type BenchRow,
  inLanes,
  interleave,
  isMain,
  perSecond,
  print,
  startHttpSink,
} from './measure.ts'

const inFlight = 50
const rounds = 7
const count = 10_000

function outgoing(address: WebhookAddress): Outgoing<WebhookAddress, { body?: string }, object> {
  return createOutgoing({
    channel: 'webhook',
    address,
    message: {},
    input: { orderId: '1042', lines: Array(20).fill({ sku: 'AB-1234', quantity: 2, cents: 1999 }) },
  })
}

/** How many times a second `work` runs with 50 of it under way. */
function rate(work: (n: number) => Promise<unknown>): Promise<number> {
  return perSecond(count, () => inLanes(inFlight, count, work))
}

export async function benchHttp(): Promise<BenchRow[]> {
  const sink = await startHttpSink()
  const address = { url: `${sink.origin}/hook` }
  const backend = http({ allow: ['127.0.0.1'], secret: createSigningSecret() })
  const pool = new Pool(sink.origin, { pipelining: 1 })
  const message = outgoing(address)
  const { id, event: type, createdAt, input: data } = message
  const body = JSON.stringify({ id, type, timestamp: createdAt.toISOString(), data })
  const headers = { 'content-type': 'application/json' }
  const row = await interleave(
    `http backend: posts, ${inFlight} in flight (floor: bare posts)`,
    rounds,
    () => rate(() => backend.send(message)),
    () =>
      rate(async () => {
        const answer = await pool.request({ method: 'POST', path: '/hook', headers, body })
        await answer.body.text()
      }),
  )
  await Promise.all([backend.close(), pool.close()])
  sink.stop()
  return [row]
}

if (isMain(import.meta.url)) print(await benchHttp())
