import { hostname } from 'node:os'
import type { Database } from '../database/contract.ts'
import { toError } from '../errors.ts'
import { createId } from '../outbox/id.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { addToTally, type Settlements } from '../outbox/tally.ts'
import { signOff, signOn } from '../outbox/worker-row.ts'
import { endsWithin } from '../time-limit.ts'
import { repeat } from './repeat.ts'

/** How often a worker says that it is there. */
const everyMs = 5000
/** A process that is to end does not wait longer for a database that is away. */
const lastWordMs = 2000

export interface PresenceParts {
  readonly outbox: Outbox
  readonly database: Database
  readonly version: string
  readonly channels: readonly string[]
  inFlight(): number
  onError(error: Error): void
}

/** That a worker is there, and what it gets done, as others see it in the database. */
export interface Presence {
  /** Counts a delivery that was settled. */
  count(channel: string, outcome: 'sent' | 'failed'): void
  /** Signs off. */
  stop(): Promise<void>
}

/**
 * Signs on, and again every five seconds: by a timer of its own, since a worker that waits for what
 * is in flight before it stops is there, and looks at the outbox no more.
 */
export function createPresence(parts: PresenceParts): Presence {
  const { outbox, database, version, channels, inFlight, onError } = parts
  const id = createId()
  const about = { id, host: hostname(), pid: process.pid, version, channels: [...channels] }
  let counts = new Map<string, Settlements>()

  const writeCounts = async () => {
    if (counts.size === 0) return
    const written = [...counts.values()]
    counts = new Map()
    await addToTally(outbox, database, written)
  }
  const say = async () => {
    await signOn(outbox, database, { ...about, inFlight: inFlight() })
    await writeCounts()
  }
  const signs = repeat(everyMs, say, onError)
  signs.now()
  return {
    count(channel, outcome) {
      const { sent, failed } = counts.get(channel) ?? { sent: 0, failed: 0 }
      const one = (which: typeof outcome) => (which === outcome ? 1 : 0)
      counts.set(channel, { channel, sent: sent + one('sent'), failed: failed + one('failed') })
    },
    async stop() {
      const signingOff = (async () => {
        await signs.stop()
        await writeCounts()
        await signOff(outbox, database, id)
      })().catch((thrown) => onError(toError(thrown)))
      await endsWithin(lastWordMs, signingOff)
    },
  }
}
