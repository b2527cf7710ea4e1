/** Runs something at once when asked, and not again before a while is over, once for all who ask. */
export interface Spaced {
  ask(): void
  /** Runs now what waits for its time, and resolves when nothing runs any more. */
  finish(): Promise<void>
}

export function createSpaced(spacingMs: number, run: () => Promise<unknown>): Spaced {
  let lastAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let running: Promise<unknown> = Promise.resolve()
  const runNow = () => {
    timer = undefined
    lastAt = performance.now()
    running = run()
  }
  return {
    ask() {
      if (timer !== undefined) return
      const waitMs = lastAt + spacingMs - performance.now()
      if (waitMs <= 0) runNow()
      else timer = setTimeout(runNow, waitMs)
    },
    async finish() {
      if (timer !== undefined) {
        clearTimeout(timer)
        runNow()
      }
      await running
    },
  }
}

/** Tickets that are due within the same span are one. */
const slotMs = 100

/** The span in which something is due that is so in `delayMs`. */
export const slotOf = (delayMs: number): number => Math.ceil((Date.now() + delayMs) / slotMs)
