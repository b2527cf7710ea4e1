/** The signs of life of one worker. */
export interface Pulse {
  /** It has looked for due work, with success or without. */
  beat(succeeded: boolean): void
  /** How long ago the last look ended; from the start where there was none yet. */
  silentMs(): number
  /** How long ago the last one with success ended; likewise. */
  blindMs(): number
  /** When that was, in milliseconds since 1970; `undefined` where there was none yet. */
  lastSuccessAt(): number | undefined
  /** It claims no more. */
  stop(): void
  readonly stopping: boolean
  /** How often it looks. */
  readonly everyMs: number
}

export function createPulse(everyMs: number): Pulse {
  let endedAt = performance.now()
  let succeededAt = endedAt
  let successAt: number | undefined
  let stopping = false
  return {
    everyMs,
    beat(succeeded) {
      endedAt = performance.now()
      if (!succeeded) return
      succeededAt = endedAt
      successAt = Date.now()
    },
    silentMs: () => performance.now() - endedAt,
    blindMs: () => performance.now() - succeededAt,
    lastSuccessAt: () => successAt,
    stop() {
      stopping = true
    },
    get stopping() {
      return stopping
    },
  }
}
