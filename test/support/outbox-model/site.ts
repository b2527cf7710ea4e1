import { backendBucket, channelBucket } from '../../../src/outbox/bucket.ts'
import type { Claim } from '../../../src/outbox/claim.ts'
import type { Outbox } from '../../../src/outbox/outbox.ts'
import type { Terms } from '../../../src/outbox/write.ts'
import type { Bare, Grip } from '../outbox.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'

export const events = ['alarm', 'notice', 'tomorrow'] as const
export const channels = ['pager', 'letter'] as const
export type ChannelName = (typeof channels)[number]

export const bucketsOf = (channel: string) => [
  channelBucket(channel),
  backendBucket(channel, 'recorder'),
]

/** What a worker believes: it may be wrong by now. */
export interface SimulatedWorker {
  readonly events: readonly string[]
  /** Tells its claims from those of others. */
  readonly mark: number
  /** In its hands, as far as it knows. */
  held: Grip[]
  /** Ended or given back here once: a worker that stalled may come back to it. */
  past: Grip[]
  /** Taken over from others, not yet settled. */
  adopted: Grip[]
  readonly walks: Map<string, Pick<Claim, 'before' | 'next' | 'nextUrgent'>>
}

/** The real outbox with the workers on it, for one case. */
export interface Site {
  readonly outbox: Outbox
  readonly database: Bare['database']
  readonly workers: readonly SimulatedWorker[]
  readonly ledger: Ledger
  /** How many a channel has in flight at most, over all workers. */
  readonly overall: number | undefined
  /** Notifications that were written in chunks. */
  readonly chunked: Terms[]
  /** Since the case began, without the real time. */
  now(): number
  advance(ms: number): void
  /** For the database. */
  dateAt(ms: number): Date
  /** The last one taken: what an operator sees. */
  seen(): Snapshot
  look(): Promise<Snapshot>
}

const knows = [['alarm', 'notice'], ['alarm'], events]

/** Empties the outbox; `database` is the one of `bare`, or one around it. */
export async function openSite(
  bare: Bare,
  { database = bare.database, overall }: Partial<Pick<Site, 'database' | 'overall'>>,
): Promise<Site> {
  const { outbox } = bare
  await bare.database.execute(
    `TRUNCATE ${outbox.schema}.notification, ${outbox.schema}.delivery, ${outbox.schema}.bucket CASCADE`,
  )
  const [row] = await bare.database.execute<{ ms: number }>(
    'SELECT floor(extract(epoch FROM now()) * 1000)::float8 AS ms',
  )
  const beganAt = row!.ms + outbox.clockOffsetMs()
  let nowMs = 0
  let snapshot: Snapshot = { notifications: [], deliveries: [], buckets: [] }
  return {
    ...{ outbox, database, overall },
    workers: knows.map((known, n) => ({
      events: known,
      mark: n + 1,
      held: [],
      past: [],
      adopted: [],
      walks: new Map(),
    })),
    ledger: createLedger(),
    chunked: [],
    now: () => nowMs,
    advance(ms) {
      nowMs += ms
      bare.advance(ms)
    },
    dateAt: (ms) => new Date(beganAt + ms),
    seen: () => snapshot,
    async look() {
      snapshot = await takeSnapshot(outbox, bare.database, beganAt)
      return snapshot
    },
  }
}

type Hands = 'held' | 'past' | 'adopted'

/** The worker of that number among those that have something there: steps are not to be wasted. */
export function workerWith(site: Site, number: number, hands: Hands): SimulatedWorker {
  const full = site.workers.filter((worker) => worker[hands].length > 0)
  const contested =
    hands === 'past' ? full.filter((each) => contestedOf(site, each).length > 0) : []
  const all = contested.length > 0 ? contested : full
  return all[number % Math.max(1, all.length)] ?? site.workers[number]!
}

/** Of what a worker held once, that which is in other hands by now. */
function contestedOf(site: Site, { past }: SimulatedWorker): Grip[] {
  const sending = site.seen().deliveries.filter(({ status }) => status === 'sending')
  const claims = new Map(sending.map((each) => [each.id, each.claims]))
  return past.filter((grip) => claims.has(grip.id) && claims.get(grip.id) !== grip.claims)
}

/**
 * Takes what a worker ends now out of its hands. To what is past it only comes back: to what is in
 * other hands, where there is such.
 */
export function takeGrips(
  site: Site,
  number: number,
  hands: Hands,
  { from, count }: { readonly from: number; readonly count: number },
): Grip[] {
  const worker = workerWith(site, number, hands)
  const contested = hands === 'past' ? contestedOf(site, worker) : []
  const all = contested.length > 0 ? contested : worker[hands]
  const start = all.length === 0 ? 0 : from % all.length
  const chosen = new Map<string, Grip>()
  // As the settler does: no two of the same in one chunk.
  for (const grip of all.slice(start, start + count)) {
    if (!chosen.has(grip.id)) chosen.set(grip.id, grip)
  }
  const grips = [...chosen.values()]
  if (hands !== 'past') {
    worker[hands] = worker[hands].filter((grip) => !grips.includes(grip))
    worker.past = [...worker.past, ...grips].slice(-20)
  }
  return grips
}
