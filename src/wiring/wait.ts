import { EnvoyerError } from '../errors.ts'
import { isCompleted, stateOf, troubleOf } from '../outbox/find.ts'
import { isId } from '../outbox/id.ts'
import type { DeliveryStatus } from '../outbox/status.ts'
import type { Emitter } from '../signal/signals.ts'
import type { Opened } from './open.ts'

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

const firstPauseMs = 20
const longestPauseMs = 500

/**
 * Waits until every delivery of a notification is settled, whichever process does it: it reads the
 * database, and the signals of this process only make it look sooner.
 */
export function createWaitFor(open: () => Promise<Opened>, emitter: Emitter) {
  return async (
    notification: string | { readonly notificationId: string },
    { timeoutMs = 30_000, signal }: WaitOptions = {},
  ): Promise<Completed> => {
    const id = typeof notification === 'string' ? notification : notification.notificationId
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
        if (leftMs <= 0) throw await timeout(id, timeoutMs)
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

    async function timeout(id: string, timeoutMs: number): Promise<EnvoyerError> {
      const state = await stateOf(outbox, database, id)
      const trouble = await troubleOf(outbox, database, id)
      const counts = Object.entries(state?.counts ?? {}).map(([status, n]) => `${n} ${status}`)
      return new EnvoyerError(
        'wait-timeout',
        `notification ${id} after ${timeoutMs} ms: ${counts.join(', ') || 'no deliveries'}${
          trouble === undefined ? '' : `; the last try ended with ${trouble}`
        }`,
      )
    }
  }
}
