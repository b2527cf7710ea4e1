import { EnvoyerError } from '../errors.ts'
import type { Gauges } from '../metric/registry.ts'
import { countedAtMost } from '../metric/table.ts'
import type { Pulse } from '../monitor/pulse.ts'
import type { Configuration } from '../option/configuration.ts'
import { type Backlog, readBacklog } from '../outbox/backlog.ts'
import { type BucketView, backendBucket, channelBucket, listBuckets } from '../outbox/bucket.ts'
import { listWorkers } from '../outbox/worker-row.ts'
import { endsWithin } from '../time-limit.ts'
import type { Worker } from '../worker/worker.ts'
import type { Opened } from './open.ts'

export interface GaugeParts {
  readonly configuration: Configuration
  open(): Promise<Opened>
  readonly workers: ReadonlySet<Worker>
  readonly pulses: ReadonlySet<Pulse>
}

/** How long what was read is shown again, and how much longer than the reading took at the least. */
const keptMs = 2000
const keptFactor = 20
const readWithinMs = 5000

interface Seen {
  readonly backlog: readonly Backlog[]
  readonly buckets: readonly BucketView[]
  /** By channel, how many workers serve it. */
  readonly serving: readonly (readonly [channel: string, count: number])[]
}

/** Reads the gauges; from the database no more often than every few seconds, whoever asks. */
export function createGauges({ configuration, open, workers, pulses }: GaugeParts) {
  const channels = Object.keys(configuration.channels)
  const held: readonly Held[] = Object.entries(configuration.channels).flatMap(
    ([channel, { backend }]) =>
      [...new Set([backend.name, ...(backend.members ?? [])])].map((name) => ({
        labels: [channel, name] as const,
        bucket: backendBucket(channel, name),
      })),
  )
  const names = [...channels.map(channelBucket), ...held.map(({ bucket }) => bucket)]
  let reading: Promise<Seen> | undefined
  let staleAt = Number.NEGATIVE_INFINITY

  const readNow = async ({ outbox, database }: Opened): Promise<Seen> => {
    const beganAt = performance.now()
    const backlog = await readBacklog(outbox, database, channels, countedAtMost)
    const buckets = await listBuckets(outbox, database, names)
    const alive = (await listWorkers(outbox, database)).filter((worker) => worker.alive)
    const serving = channels.map((channel) => {
      return [channel, alive.filter((worker) => worker.channels.includes(channel)).length] as const
    })
    const endedAt = performance.now()
    staleAt = endedAt + Math.max(keptMs, keptFactor * (endedAt - beganAt))
    return { backlog, buckets, serving }
  }
  const read = async (): Promise<Seen> => {
    const opened = await open()
    if (reading === undefined || performance.now() > staleAt) {
      // Until it has ended nobody reads a second time.
      staleAt = Number.POSITIVE_INFINITY
      reading = readNow(opened).catch((thrown) => {
        staleAt = Number.NEGATIVE_INFINITY
        throw thrown
      })
    }
    return reading
  }
  return async (): Promise<Gauges> => {
    let seen: Seen | undefined
    let failed: unknown
    const answered = read().then(
      (answer) => {
        seen = answer
      },
      (thrown) => {
        failed = thrown
      },
    )
    await endsWithin(readWithinMs, answered)
    // That the database is away is to be shown; that all is closed is a mistake of the caller.
    if (failed instanceof EnvoyerError && failed.code === 'closed') throw failed
    return {
      ...ofProcess(workers, pulses),
      envoyer_database_up: [[[], seen ? 1 : 0]],
      ...(seen && ofDatabase(seen, held)),
    }
  }
}

function ofProcess(workers: ReadonlySet<Worker>, pulses: ReadonlySet<Pulse>): Gauges {
  const inFlight = [...workers].reduce((sum, worker) => sum + worker.inFlight(), 0)
  const looks = [...pulses].flatMap((pulse) => pulse.lastSuccessAt() ?? [])
  return {
    envoyer_deliveries_in_flight: [[[], inFlight]],
    ...(looks.length > 0 && {
      envoyer_last_look_timestamp_seconds: [[[], Math.max(...looks) / 1000]],
    }),
  }
}

interface Held {
  readonly labels: readonly [channel: string, backend: string]
  readonly bucket: string
}

function ofDatabase({ backlog, buckets, serving }: Seen, held: readonly Held[]): Gauges {
  const downForMs = new Map(buckets.map((bucket) => [bucket.name, bucket.downForMs]))
  return {
    envoyer_due_deliveries: backlog.map(({ channel, due }) => [[channel], due]),
    envoyer_oldest_due_seconds: backlog.map(({ channel, oldestDueMs }) => [
      [channel],
      oldestDueMs / 1000,
    ]),
    envoyer_scheduled_deliveries: backlog.map(({ channel, scheduled }) => [[channel], scheduled]),
    envoyer_workers: serving.map(([channel, count]) => [[channel], count]),
    envoyer_bucket_tokens: buckets.flatMap(({ name, tokens, capacity }) =>
      capacity === null || tokens === null ? [] : [[[name], tokens] as const],
    ),
    envoyer_backend_held_back_seconds: held.map(({ labels, bucket }) => [
      labels,
      (downForMs.get(bucket) ?? 0) / 1000,
    ]),
  }
}
