import type { Executor, Outbox } from './outbox.ts'

/** The outbox's time without a question at each use. */
export interface Clock {
  now(): Date
  /**
   * Asks the database, where that was long ago. `through` is a transaction that is open in this call
   * chain: its connection may be the last one.
   */
  refresh(through?: Executor): Promise<void>
}

const staleMs = 60_000

/** The clock of a database that runs on this machine. */
export function createOwnClock({ clockOffsetMs }: Outbox): Clock {
  return { now: () => new Date(Date.now() + clockOffsetMs()), refresh: async () => {} }
}

/**
 * The clock of a database whose machine's time may be another than this one's: openings are looked
 * for by its time, as deliveries become due by it.
 */
export function createClock({ clockOffsetMs }: Outbox, db: Executor): Clock {
  let read: { readonly ms: number; readonly at: number } | undefined
  let reading: Promise<void> | undefined
  const ask = async (from: Executor) => {
    const askedAt = performance.now()
    const [row] = await from.execute<{ ms: number }>(
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
    )
    // It was read somewhere between the question and its answer.
    read = { ms: row!.ms, at: (askedAt + performance.now()) / 2 }
  }
  return {
    now: () => {
      const ms = read ? read.ms + performance.now() - read.at : Date.now()
      return new Date(ms + clockOffsetMs())
    },
    async refresh(through) {
      if (read && performance.now() - read.at < staleMs) return
      if (through) return ask(through)
      reading ??= ask(db).finally(() => {
        reading = undefined
      })
      await reading
    },
  }
}
