/** A process whose clock is wrong (shifted-date.js): a sender, a worker, or both. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { http, webhook } from '../../channels/webhook/index.ts'
import type { WindowSet } from '../../src/availability/index.ts'
import { fixed } from '../../src/channel/retry.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { defineEvent } from '../../src/event/define.ts'
import type { SendOptions } from '../../src/option/send-options.ts'
import type { Worker } from '../../src/worker/worker.ts'
import { type Page, pager, recorder } from '../support/pager.ts'
import { serve, settingsOf, tell } from '../support/remote.ts'

export interface ClockSettings {
  readonly databaseUrl: string
  readonly schema: string
  readonly redisUrl: string
  readonly templates: string
  readonly secret: string
  readonly open: WindowSet
  readonly shut: WindowSet
}

/** A try, as the backend saw it. */
export interface Tried {
  readonly to: string
  readonly attempt: number
  readonly text: string | undefined
  readonly startedAt: string
}

const { secret, open, shut, ...surroundings } = settingsOf<ClockSettings>()

/** Addresses say what becomes of the first try. */
async function behave({ address, attempt, message, startedAt }: Page) {
  const tried: Tried = {
    ...{ to: address, attempt, text: message.text, startedAt: startedAt.toISOString() },
  }
  tell(tried)
  if (address.startsWith('slow')) await sleep(4000)
  if (address.startsWith('fails') && attempt === 1) throw new Error('not the first time')
}

const retry = fixed({ delayMs: 1500, tries: 5, jitter: 0 })
const context = z.object({})
const envoyer = createEnvoyer({
  ...surroundings,
  zone: 'UTC',
  migrations: 'run',
  onFailure: ({ error, kind }) => {
    if (kind === 'internal') console.error('clock-child', error)
  },
  events: {
    note: defineEvent({ context, channels: ['pager'] }),
    limited: defineEvent({ context, channels: ['limited'] }),
    hook: defineEvent({ context, channels: ['webhook'] }),
    open: defineEvent({ context, channels: ['pager'], windows: open }),
    shut: defineEvent({ context, channels: ['pager'], windows: shut }),
  },
  channels: {
    pager: pager({ backend: recorder(behave), retry }),
    limited: pager({ backend: recorder(behave), rate: { perSecond: 5, burst: 5 } }),
    webhook: webhook({ backend: http({ allow: ['127.0.0.1/32'], secret }) }),
  },
})
let worker: Worker | undefined

const methods = {
  now: () => Date.now(),
  async send(
    event: 'note' | 'limited' | 'hook' | 'open' | 'shut',
    recipients: { pager?: string; url?: string }[],
    options: Pick<SendOptions<never, never>, 'at' | 'deadline' | 'deadlineMs'> = {},
  ) {
    const { notificationId, deliveries } = await envoyer.send(event, recipients, {}, options)
    const [first] = deliveries
    const { id, reason, sendAt } = first!
    return { notificationId, id, reason, sendAt: sendAt?.toISOString() }
  },
  get: async (id: string) => {
    const { status, errorCode, sendAt, reason, failures } = await envoyer.deliveries.get(id)
    const triedAt = failures.map(({ startedAt }) => startedAt.toISOString())
    return { status, errorCode, sendAt: sendAt.toISOString(), reason, triedAt }
  },
  waitFor: (id: string) => envoyer.waitFor(id),
  pause: async (paused: boolean) => {
    await envoyer.settings.set('pager', { paused })
  },
  shutNotes: (isShut: boolean) =>
    isShut
      ? envoyer.windows.set({ event: 'note' }, shut)
      : envoyer.windows.clear({ event: 'note' }),
  async work() {
    worker = await envoyer.worker({ stopOn: [], leaseMs: 1200, pollMs: 300 })
  },
  stop: () => worker?.stop(),
  close: () => envoyer.close(),
}
export type ClockMethods = typeof methods
serve(methods)
