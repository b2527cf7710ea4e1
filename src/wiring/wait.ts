import { EnvoyerError } from '../errors.ts'
import { isCompleted, openChannels, stateOf, troubleOf } from '../outbox/find.ts'
import { isId } from '../outbox/id.ts'
import type { DeliveryStatus } from '../outbox/status.ts'
import { listWorkers } from '../outbox/worker-row.ts'
import type { OperateParts } from './operate-parts.ts'

export interface WaitOptions {
  /** How long to wait before `wait-timeout` is thrown. Default 30 s. */
  readonly timeoutMs?: number
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal
}

/** How a notification ended: its deliveries by status. */
export type Completed = Readonly<
  Record<Extract<DeliveryStatus, 'sent' | 'failed' | 'cancelled'>, number>
>

type WaitParts = Pick<OperateParts, 'open' | 'settings' | 'emitter'>

const firstPauseMs = 20
const longestPauseMs = 500

/**
 * Waits until every delivery of a notification is settled, whichever process does it: it reads the
 * database, and the signals of this process only make it look sooner.
 */
export function createWaitFor(parts: WaitParts) {
  const { open, emitter } = parts
  return async (
    notification: string | { readonly notificationId: string },
    { timeoutMs = 30_000, signal }: WaitOptions = {},
  ): Promise<Completed> => {
    const id = typeof notification === 'string' ? notification : notification.notificationId
    if (!(typeof timeoutMs === 'number' && timeoutMs >= 0)) {
      throw new EnvoyerError('option-invalid', '`timeoutMs` must be a number of 0 or more')
    }
    const { outbox, database } = await open()
    const until = performance.now() + timeoutMs
    let wake: () => void = () => {}
    const stop = emitter.on('notification:completed', (completed) => {
      if (completed.id === id) wake()
    })
    const aborted = () => wake()
    signal?.addEventListener('abort', aborted)
    try {
      for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
        signal?.throwIfAborted()
        const completed = isId(id) ? await isCompleted(outbox, database, id) : undefined
        if (completed === undefined) throw new EnvoyerError('not-found', `notification ${id}`)
        if (completed) break
        const leftMs = until - performance.now()
        if (leftMs <= 0) {
          const how = await howItStands(parts, id)
          throw new EnvoyerError('wait-timeout', `notification ${id} after ${timeoutMs} ms: ${how}`)
        }
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.min(pauseMs, leftMs))
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      const state = await stateOf(outbox, database, id)
      return { sent: 0, failed: 0, cancelled: 0, ...state?.counts }
    } finally {
      stop()
      signal?.removeEventListener('abort', aborted)
    }
  }
}

/** How far a notification is, and all that is known of why it is no further. */
async function howItStands({ open, settings }: WaitParts, id: string): Promise<string> {
  const { outbox, database } = await open()
  await settings.refreshNow()
  const state = await stateOf(outbox, database, id)
  const trouble = await troubleOf(outbox, database, id)
  const workers = await listWorkers(outbox, database)
  const served = new Set(workers.flatMap(({ alive, channels }) => (alive ? channels : [])))
  const counts = Object.entries(state?.counts ?? {}).map(([status, n]) => `${n} ${status}`)
  const held = (await openChannels(outbox, database, id)).flatMap(({ channel, notBefore }) => {
    const { on, paused } = settings.channel(channel)
    if (!on) return `channel ${channel} is switched off`
    if (paused) return `channel ${channel} is paused`
    if (notBefore) return `channel ${channel} has nothing due before ${notBefore.toISOString()}`
    return served.has(channel) ? [] : `no worker serves channel ${channel}`
  })
  return [
    counts.join(', ') || 'no deliveries',
    ...held,
    ...(state?.sealed === false ? ['its `send` has not come to its end'] : []),
    ...(trouble === undefined ? [] : [`the last try ended with ${trouble}`]),
  ].join('; ')
}
