import { hostname } from 'node:os'
import type { Database } from '../database/contract.ts'
import { toError } from '../errors.ts'
import { createId } from '../outbox/id.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { addToTally, type Settlements } from '../outbox/tally.ts'
import { signOff, signOn } from '../outbox/worker-row.ts'
import { endsWithin } from '../time-limit.ts'
import type { Watch } from './contract.ts'
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
export interface Presence extends Pick<Watch, 'settled'> {
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
  let counts = new Map<string, { -readonly [Key in keyof Settlements]: Settlements[Key] }>()

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
    settled({ about: { channel }, outcome: { outcome } }) {
      if (outcome !== 'sent' && outcome !== 'failed') return
      let count = counts.get(channel)
      if (!count) {
        count = { channel, sent: 0, failed: 0 }
        counts.set(channel, count)
      }
      count[outcome] += 1
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
