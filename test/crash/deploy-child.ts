/** One of the versions of an application that run side by side while the next one is deployed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { delays } from '../../src/channel/retry.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { defineEvent } from '../../src/event/define.ts'
import { pager, recorder } from '../support/pager.ts'
import { serve, settingsOf, tell } from '../support/remote.ts'

export interface DeploySettings {
  readonly databaseUrl: string
  readonly schema: string
  readonly templates: string
  /**
   * 1 knows no `arrived`, and nothing of carriers. To 2 they are required, and given by default where
   * an order has `moved`. 3 takes orders without one again.
   */
  readonly version: 1 | 2 | 3
}

/** A message that went out, or a call of `send` that returned. */
export type Told =
  | { readonly type: 'sent'; readonly to: string; readonly text: string; readonly version: number }
  | { readonly type: 'acknowledged'; readonly to: string }

const { version, ...surroundings } = settingsOf<DeploySettings>()
const sent = (to: string, text: string) => tell({ type: 'sent', to, text, version } satisfies Told)

const order = z.object({ orderId: z.string() })
const shipped = {
  1: order,
  2: order.extend({ carrier: z.string() }),
  3: order.extend({ carrier: z.string().optional() }),
}
const moved = { 1: order, 2: order.extend({ carrier: z.string().default('any') }) }
const channels = {
  pager: pager({
    backend: recorder(({ address, message }) => sent(address, message.text!)),
    // Short ones: the other version has to come by before they are used up.
    retry: delays(Array(25).fill(100), { jitter: 0 }),
  }),
}
const only = ['pager'] as const
const events = {
  placed: defineEvent({ context: order, channels: only }),
  shipped: defineEvent({ context: shipped[version] as typeof order, channels: only }),
  moved: defineEvent({ context: moved[version === 1 ? 1 : 2], channels: only }),
  ...(version === 1 ? {} : { arrived: defineEvent({ context: order, channels: only }) }),
}
const names = Object.keys(events)
const envoyer = createEnvoyer({
  ...surroundings,
  migrations: 'run',
  onFailure: ({ kind, error }) => {
    if (kind === 'internal') console.error(`version ${version}:`, error)
  },
  events,
  channels,
})
let sends = 0

async function send(event: string, options: { at?: Date; locale?: string; follow?: string } = {}) {
  const to = `${event}-v${version}-${++sends}`
  const { follow, ...others } = options
  const context = { orderId: `${sends}`, ...(version === 2 ? { carrier: 'Acme' } : {}) }
  const following = follow && {
    onCompleted: { event: follow, recipients: { pager: `after-${to}` }, context },
  }
  const { deliveries } = await envoyer.send(event as never, { pager: to }, context as never, {
    ...others,
    ...(following as object),
  })
  tell({ type: 'acknowledged', to } satisfies Told)
  return { to, id: deliveries[0]!.id }
}

const methods = {
  send,
  /** One of each until the process ends, or `forMs` are over. */
  async sendAll(forMs: number) {
    const until = performance.now() + forMs
    while (performance.now() < until) {
      for (const name of names) await send(name)
      await sleep(20)
    }
  },
  work: async () => {
    await envoyer.worker({ leaseMs: 3000, pollMs: 100, concurrency: 4 })
  },
  async get(id: string) {
    const { status, attempts, errorCode, errorText } = await envoyer.deliveries.get(id)
    return { status, attempts, errorCode, errorText }
  },
  retry: (id: string) => envoyer.deliveries.retry(id),
  /** What is not settled yet. */
  async open() {
    return (await envoyer.deliveries.list({ status: ['pending', 'sending'] })).length
  },
  close: () => envoyer.close(),
}
export type DeployMethods = typeof methods
serve(methods)
