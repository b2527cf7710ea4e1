import assert from 'node:assert/strict'
import { z } from 'zod'
import type { Backend, Outgoing } from '../../src/channel/backend.ts'
import { type ChannelOptions, defineChannel } from '../../src/channel/channel.ts'
import type { Receipt } from '../../src/channel/receipt.ts'
import { delays } from '../../src/channel/retry.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { defineEvent } from '../../src/event/define.ts'
import type { FailureReport, Surroundings } from '../../src/option/configuration.ts'
import type { Engine } from './engines.ts'

export type Page = Outgoing<string, { readonly text?: string }>

/** A channel of the tests: no provider, no templates needed, quick retries. */
export const pager = defineChannel({
  address: {
    recipientKey: 'pager',
    parse(value) {
      if (typeof value !== 'string' || !/^[\w-]+$/.test(value))
        throw new Error('not a pager number')
      return value
    },
    key: (address: string) => address.toLowerCase(),
  },
  parts: { text: 'optional' },
  retry: delays([20, 20, 20], { jitter: 0 }),
})

export interface Recorder extends Backend<string, { readonly text?: string }> {
  readonly sent: Page[]
}

/** A backend that keeps what it is given; `behave` may wait or throw first. */
export function recorder(behave: (page: Page) => Promise<void> | void = () => {}): Recorder {
  const sent: Page[] = []
  return {
    name: 'recorder',
    sent,
    async send(page): Promise<Receipt> {
      await behave(page)
      sent.push(page)
      return { id: page.id }
    },
  }
}

type PagerOptions = Omit<
  ChannelOptions<string, { readonly text: 'optional' }, Record<never, never>>,
  'backend'
>

export const pagerEvents = {
  alarm: defineEvent({ context: z.object({ what: z.string() }), channels: ['pager'] }),
  fire: defineEvent({ context: z.object({ what: z.string() }), channels: ['pager'], urgent: true }),
}

/** An envoyer with one channel on a database of its own. Internal errors fail the test that looks at `failures`. */
export function createPagerEnvoyer(
  engine: Engine,
  backend: Recorder = recorder(),
  options: PagerOptions & { surroundings?: Surroundings } = {},
) {
  const { surroundings, ...channel } = options
  const failures: FailureReport[] = []
  const envoyer = createEnvoyer({
    ...engine.fresh(),
    onFailure: (failure) => void failures.push(failure),
    ...surroundings,
    events: pagerEvents,
    channels: { pager: pager({ backend, ...channel }) },
  })
  const internal = () => failures.filter((failure) => failure.kind === 'internal')
  return { envoyer, backend, failures, internal }
}

type App = ReturnType<typeof createPagerEnvoyer>
type Rest = Parameters<typeof createPagerEnvoyer> extends [unknown, ...infer R] ? R : never

/** Makes the function of a test that uses such an envoyer: it is closed, and nothing inside of it may fail. */
export const withAppOn =
  (engine: Engine) =>
  (use: (app: App) => Promise<void>, ...rest: Rest) =>
  async () => {
    const app = createPagerEnvoyer(engine, ...rest)
    try {
      await use(app)
      assert.deepEqual(app.internal(), [])
    } finally {
      await app.envoyer.close()
    }
  }
