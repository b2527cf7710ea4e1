import type { Queue } from '../queue/contract.ts'

/**
 * Has the channel looked at when its bucket has a token again. One ticket at a time: each claim that
 * asks for one would otherwise bring another such claim, and they would become more and more.
 */
export function createRateTicket(queue: Queue, name: string, perSecond: number): () => void {
  const delayMs = Math.max(20, 1000 / perSecond)
  let nextAt = Number.NEGATIVE_INFINITY
  return () => {
    const now = performance.now()
    // Timers come up to a millisecond early.
    if (now < nextAt - 2) return
    nextAt = now + delayMs
    queue.ticket(name, { delayMs })
  }
}
