/** The places of a channel: how many deliveries are in flight, and a bell that wakes who waits. */
export interface Places {
  free(): number
  idle(): boolean
  /** Fills a place until the work is done; rings then. */
  take(work: Promise<void>): Promise<void>
  /** Wakes whoever waits in `changed`. */
  ring(): void
  /** Resolves at the next ring, or after so long. */
  changed(withinMs?: number): Promise<void>
  /** Resolves when nothing is in flight. */
  emptied(): Promise<void>
}

export function createPlaces(count: number): Places {
  const inFlight = new Set<Promise<void>>()
  let ring: () => void = () => {}
  return {
    free: () => count - inFlight.size,
    idle: () => inFlight.size === 0,
    take(work) {
      const taken = work.finally(() => {
        inFlight.delete(taken)
        ring()
      })
      inFlight.add(taken)
      return taken
    },
    ring: () => ring(),
    changed(withinMs) {
      return new Promise((resolve) => {
        const timer = withinMs === undefined ? undefined : setTimeout(resolve, withinMs)
        ring = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    },
    async emptied() {
      while (inFlight.size > 0) await Promise.all(inFlight)
    },
  }
}
