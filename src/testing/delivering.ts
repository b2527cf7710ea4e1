import type { ChannelMap } from '../option/infer.ts'
import { backendBucket, channelBucket } from '../outbox/bucket.ts'
import type { ChannelSetting } from '../setting/settings.ts'
import type { Opened } from '../wiring/open.ts'
import type { Worker, WorkerOptions } from '../worker/worker.ts'

interface Delivered {
  worker(options: WorkerOptions): Promise<Worker>
  readonly settings: { get(channel: string): Promise<ChannelSetting> }
}

/** Delivers what is due by the fake clock. */
export interface Delivering {
  /** Until nothing is due. */
  deliver(): Promise<void>
  /** When something that waits becomes due next. */
  nextDue(): Promise<Date | undefined>
}

/**
 * Runs a worker until nothing is due by the fake clock, without sleeping longer than it needs. What
 * waits for an operator, or for the end of a pause, is not waited for.
 */
export function createDelivering(
  channels: ChannelMap,
  envoyer: Delivered,
  open: () => Promise<Opened>,
): Delivering {
  let worker: Promise<Worker> | undefined
  const running = async (): Promise<string[]> => {
    const names = Object.keys(channels)
    const settings = await Promise.all(names.map((name) => envoyer.settings.get(name)))
    return names.filter((_, n) => settings[n]!.on && !settings[n]!.paused)
  }
  const due = async (): Promise<number> => {
    const { database, outbox } = await open()
    const names = await running()
    const buckets = names.map((name) => [
      ...[channelBucket(name), backendBucket(name, channels[name]!.backend.name)],
    ])
    const [row] = await database.execute<{ due: string }>(
      `WITH t AS (SELECT now() + $1::float8 * interval '1 ms' AS now),
       paused AS (SELECT name FROM ${outbox.schema}.bucket, t WHERE blocked_until > t.now),
       open AS (
         SELECT channel FROM UNNEST($2::text[], $3::text[], $4::text[]) AS c (channel, own, backend)
         WHERE NOT EXISTS (SELECT 1 FROM paused WHERE name IN (c.own, c.backend)))
       SELECT count(*) AS due FROM ${outbox.schema}.delivery, t
       WHERE status = 'sending' OR (
         status = 'pending' AND send_at <= t.now AND channel IN (SELECT channel FROM open)
         AND NOT EXISTS (SELECT 1 FROM paused WHERE name = 'lane:' || lane))`,
      [
        outbox.clockOffsetMs(),
        names,
        buckets.map(([own]) => own),
        buckets.map(([, backend]) => backend),
      ],
    )
    return Number(row?.due)
  }
  return {
    async deliver() {
      while ((await due()) > 0) {
        worker ??= envoyer.worker({ stopOn: [], pollMs: 60_000 })
        const { soon } = await worker
        soon(0)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    },
    async nextDue() {
      const { database, outbox, clock } = await open()
      const [row] = await database.execute<{ next: Date | null }>(
        `SELECT min(send_at) AS next FROM ${outbox.schema}.delivery
         WHERE status = 'pending' AND send_at > $1::timestamptz`,
        [clock.now().toISOString()],
      )
      return row?.next ?? undefined
    },
  }
}
