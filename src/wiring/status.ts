import { listBuckets } from '../outbox/bucket.ts'
import {
  byIndex,
  type ChannelCount,
  countByChannel,
  countFailures,
  type FailureCount,
} from '../outbox/count.ts'
import { readTally, type Throughput } from '../outbox/tally.ts'
import { listWorkers, type WorkerView } from '../outbox/worker-row.ts'
import type { OperateParts } from './operate-parts.ts'

/** How the whole is doing. Nothing in it is of a person: no addresses, no contexts. */
export interface Status {
  /** When, by the database's clock. */
  readonly at: Date
  /**
   * The channels that are configured, and others that have deliveries. `counts` are exact, but for
   * those that `estimated` names: in a table of more than a few megabytes `sent` is what the
   * database's planner reckons, and missing where it has not analysed the table yet.
   */
  readonly channels: readonly (ChannelCount & { readonly on: boolean; readonly paused: boolean })[]
  /**
   * What workers settled in the last minute and hour, to within ten seconds; what a killed worker
   * did in its last five seconds is not in it.
   */
  readonly throughput: readonly Throughput[]
  /** What failed in the last hour: deliveries for good, and tries; the commonest hundred. */
  readonly failures: readonly FailureCount[]
  /** A worker gives a sign every 5 s, is `alive` for 15 s after it, and forgotten after a day. */
  readonly workers: readonly WorkerView[]
  /** Backends that have been down, or held back: how often they failed in a row, and for how long yet. */
  readonly backends: readonly BackendState[]
  /** What the rates of channels have left. */
  readonly buckets: readonly BucketState[]
}

export interface BackendState {
  readonly channel: string
  readonly backend: string
  readonly failures: number
  /** 0: it is up. */
  readonly downForMs: number
}

export interface BucketState {
  /** `channel:` and the channel's name. */
  readonly name: string
  /** Less than nothing where more was taken than was granted. */
  readonly tokens: number
  readonly capacity: number
}

const noCounts: Omit<ChannelCount, 'channel'> = {
  counts: { pending: 0, sending: 0, sent: 0, failed: 0, cancelled: 0 },
  scheduled: 0,
  oldestDueMs: null,
  estimated: [],
}

export function createStatus({ configuration, open, settings }: OperateParts) {
  return async (): Promise<Status> => {
    const { database, outbox, clock } = await open()
    await Promise.all([settings.refresh(), clock.refresh()])
    const [counts, failures] = await database.transaction(async (tx) => {
      await byIndex(tx)
      return [await countByChannel(outbox, tx), await countFailures(outbox, tx)]
    })
    const [throughput, workers, buckets] = [
      await readTally(outbox, database),
      await listWorkers(outbox, database),
      await listBuckets(outbox, database),
    ]
    const found = new Map(counts.map((each) => [each.channel, each]))
    const names = [...new Set([...Object.keys(configuration.channels), ...found.keys()])]
    return {
      at: clock.now(),
      channels: names.map((channel) => ({
        ...(found.get(channel) ?? { ...noCounts, channel }),
        ...settings.channel(channel),
      })),
      ...{ throughput, failures, workers },
      backends: buckets.flatMap(({ name, failures, downForMs }) => {
        const [, channel, backend] = /^backend:([^/]*)\/(.*)$/s.exec(name) ?? []
        return channel === undefined ? [] : [{ channel, backend: backend!, failures, downForMs }]
      }),
      buckets: buckets.flatMap(({ name, tokens, capacity }) =>
        capacity === null ? [] : [{ name, tokens: tokens ?? capacity, capacity }],
      ),
    }
  }
}
