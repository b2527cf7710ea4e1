import { type Executor, now, type Outbox } from './outbox.ts'
import { asJson } from './rows.ts'

/** How many deliveries of a channel were settled. */
export interface Settlements {
  readonly channel: string
  readonly sent: number
  readonly failed: number
}

/** What a channel got done. */
export interface Throughput {
  readonly channel: string
  readonly sent: { readonly minute: number; readonly hour: number }
  readonly failed: { readonly minute: number; readonly hour: number }
}

/**
 * Adds what a worker has settled, by tens of seconds. An index on the time of settling would cost
 * every delivery, and reading an hour of it grows with what was sent in it.
 */
export async function addToTally(
  o: Outbox,
  db: Executor,
  settled: readonly Settlements[],
): Promise<void> {
  const rows = settled.toSorted((a, b) => (a.channel < b.channel ? -1 : 1))
  await db.execute(
    `INSERT INTO ${o.schema}.tally AS t (channel, at, sent, failed)
     SELECT channel, to_timestamp(floor(extract(epoch FROM ${now(1)}) / 10) * 10), sent, failed
     FROM jsonb_to_recordset($2::jsonb) AS s (channel text, sent int, failed int)
     ON CONFLICT (channel, at) DO UPDATE
     SET sent = t.sent + excluded.sent, failed = t.failed + excluded.failed`,
    [o.clockOffsetMs(), asJson(rows)],
  )
}

/** By channel, of the last minute and hour. */
export async function readTally(o: Outbox, db: Executor): Promise<Throughput[]> {
  const within = (column: string, span: string) =>
    `coalesce(sum(${column}) FILTER (WHERE at > ${now(1)} - interval '${span}'), 0)::float8`
  const both = (column: string) =>
    `json_build_object('minute', ${within(column, '1 minute')}, 'hour', ${within(column, '1 hour')}) AS ${column}`
  return db.execute<Throughput & Record<string, unknown>>(
    `SELECT channel, ${both('sent')}, ${both('failed')} FROM ${o.schema}.tally
     WHERE at > ${now(1)} - interval '1 hour' AND at <= ${now(1)} GROUP BY channel ORDER BY channel`,
    [o.clockOffsetMs()],
  )
}
