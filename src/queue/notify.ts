import { toError } from '../errors.ts'
import type { Queue } from './contract.ts'
import { createInProcessQueue, type Listen } from './in-process.ts'
import { createSpaced } from './spaced.ts'

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
  let closed = false
  return {
    ...local,
    ticket(channel, options) {
      // Of a `send` that was under way when all was closed: workers look by themselves.
      if (closed) return
      local.ticket(channel, options)
      // Later work is found by everybody's own look at the outbox.
      if (!options?.delayMs) others.ask()
    },
    async close() {
      closed = true
      const localClosed = local.close()
      await others.finish()
      await localClosed
    },
  }
}
