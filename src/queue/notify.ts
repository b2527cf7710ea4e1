import { toError } from '../errors.ts'
import type { Queue } from './contract.ts'
import { createInProcessQueue, type Listen } from './in-process.ts'
import { createSpaced, slotOf } from './spaced.ts'

/** How close together two NOTIFYs of one process may be: each makes commits queue up in PostgreSQL. */
const spacingMs = 20

/**
 * Tickets over PostgreSQL's LISTEN/NOTIFY, where there is no Redis: the process's own workers get
 * them directly, those of other processes by one NOTIFY without payload, at which all look.
 */
export function createNotifyQueue(
  notify: () => Promise<unknown>,
  listen: Listen,
  onError: (error: Error) => void,
): Queue {
  const local = createInProcessQueue(onError, listen)
  const others = createSpaced(spacingMs, () => notify().catch((thrown) => onError(toError(thrown))))
  const later = new Map<number, NodeJS.Timeout>()
  let closed = false
  return {
    ...local,
    ticket(channel, options) {
      // Of a `send` that was under way when all was closed: workers look by themselves.
      if (closed) return
      local.ticket(channel, options)
      const { delayMs = 0 } = options ?? {}
      if (delayMs <= 0) return others.ask()
      // A worker of this process looks by itself.
      const slot = slotOf(delayMs)
      if (local.consumers(channel) !== 'none' || later.has(slot)) return
      const told = setTimeout(() => {
        later.delete(slot)
        others.ask()
      }, delayMs)
      told.unref()
      later.set(slot, told)
    },
    async close() {
      closed = true
      for (const timer of later.values()) clearTimeout(timer)
      const localClosed = local.close()
      await others.finish()
      await localClosed
    },
  }
}
