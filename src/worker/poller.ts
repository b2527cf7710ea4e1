import { toError } from '../errors.ts'
import type { Ripe } from '../outbox/ripen.ts'

export interface Poller {
  /** Looks again in `delayMs` at the latest. */
  soon(delayMs: number): void
  stop(): Promise<void>
}

/**
 * Looks at the outbox when the next delivery becomes due, and once a `pollMs` in any case: a
 * listener may be deaf, a ticket lost.
 */
export function createPoller(
  pollMs: number,
  look: () => Promise<Ripe>,
  found: (ripe: Ripe) => void,
  onError: (error: Error) => void,
): Poller {
  let timer: NodeJS.Timeout | undefined
  let nextAt = Number.POSITIVE_INFINITY
  let looking: Promise<void> | undefined
  let stopped = false

  const plan = (delayMs: number) => {
    if (stopped) return
    const at = performance.now() + delayMs
    if (looking === undefined && timer !== undefined && at >= nextAt) return
    nextAt = Math.min(at, looking ? nextAt : Number.POSITIVE_INFINITY)
    if (looking) return
    clearTimeout(timer)
    timer = setTimeout(run, Math.max(0, delayMs))
  }
  const run = () => {
    timer = undefined
    nextAt = Number.POSITIVE_INFINITY
    looking = look()
      .then((ripe) => {
        found(ripe)
        return Math.min(pollMs, ripe.nextInMs ?? pollMs)
      })
      .catch((thrown) => {
        onError(toError(thrown))
        return pollMs
      })
      .then((delayMs) => {
        looking = undefined
        // `soon` may have been asked for meanwhile.
        plan(Math.min(delayMs, Math.max(0, nextAt - performance.now())))
      })
  }
  plan(0)
  return {
    soon: plan,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await looking
    },
  }
}
