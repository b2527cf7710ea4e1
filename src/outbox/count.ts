import { type Executor, now, type Outbox } from './outbox.ts'
import type { DeliveryStatus } from './status.ts'

/** What a channel has of deliveries. */
export interface ChannelCount {
  readonly channel: string
  readonly counts: Partial<Record<DeliveryStatus, number>>
  /** Those of `pending` whose time is still to come. */
  readonly scheduled: number
  /** For how long the oldest one that is due has been. */
  readonly oldestDueMs: number | null
  readonly estimated: readonly DeliveryStatus[]
}

export interface FailureCount {
  readonly channel: string
  readonly code: string
  readonly deliveries: number
  readonly tries: number
}

interface Counted {
  readonly channel: string
  readonly what: 'due' | 'scheduled' | 'sending' | 'failed' | 'cancelled'
  readonly count: number
  readonly oldestMs: number | null
}

/** A table that is smaller is counted. */
const smallBytes = 4 * 1024 * 1024

/**
 * Each arm is the very set of a partial index: what is sent, nearly all of a big table, is in none of
 * them, and never read.
 */
const open = (o: Outbox) => `
  SELECT channel, what, count(*)::float8 AS count,
    extract(epoch FROM ${now(1)} - min(send_at))::float8 * 1000 AS "oldestMs"
  FROM (
    SELECT channel, 'due' AS what, send_at FROM ${o.schema}.delivery WHERE turn IS NOT NULL
    UNION ALL SELECT channel, CASE WHEN send_at > ${now(1)} THEN 'scheduled' ELSE 'due' END, send_at
    FROM ${o.schema}.delivery WHERE status = 'pending' AND turn IS NULL
    UNION ALL SELECT channel, 'sending', NULL FROM ${o.schema}.delivery WHERE status = 'sending'
    UNION ALL SELECT channel, 'failed', NULL FROM ${o.schema}.delivery WHERE status = 'failed'
    UNION ALL SELECT channel, 'cancelled', NULL FROM ${o.schema}.delivery
    WHERE status = 'cancelled') d
  GROUP BY channel, what`

/**
 * About how many rows each channel has, as the planner reckons it: rows a page, as last analysed, by
 * the pages that there are now. None where nothing has been analysed yet.
 */
const estimate = (o: Outbox) => `
  SELECT s.channel, (c.reltuples / greatest(c.relpages, 1) * s.share
    * (pg_relation_size(c.oid) / current_setting('block_size')::int))::float8 AS rows
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_stats p ON p.schemaname = n.nspname AND p.tablename = c.relname AND p.attname = 'channel'
  CROSS JOIN LATERAL UNNEST(p.most_common_vals::text::text[], p.most_common_freqs)
    AS s (channel, share)
  WHERE c.oid = '${o.schema}.delivery'::regclass AND c.reltuples > 0`

/** Looks by indexes, however little the planner knows of a table that has just grown. */
export async function byIndex(tx: Executor): Promise<void> {
  await tx.execute(`SELECT set_config('enable_seqscan', 'off', true)`)
}

async function sentCounts(o: Outbox, tx: Executor) {
  const [table] = await tx.execute<{ small: boolean }>(
    `SELECT pg_relation_size('${o.schema}.delivery'::regclass) < ${smallBytes} AS small`,
  )
  if (table?.small) {
    const rows = await tx.execute<{ channel: string; rows: number }>(
      `SELECT channel, count(*)::float8 AS rows FROM ${o.schema}.delivery
       WHERE status = 'sent' GROUP BY channel`,
    )
    return { exact: true, rows }
  }
  return {
    exact: false,
    rows: await tx.execute<{ channel: string; rows: number }>(estimate(o)),
  }
}

/** How many deliveries each channel has, by status. In a transaction. */
export async function countByChannel(o: Outbox, tx: Executor): Promise<ChannelCount[]> {
  const counted = await tx.execute<Counted & Record<string, unknown>>(open(o), [o.clockOffsetMs()])
  const { exact, rows } = await sentCounts(o, tx)
  const channels = new Set([...counted, ...rows].map(({ channel }) => channel))
  return [...channels].map((channel) => {
    const own = counted.filter((row) => row.channel === channel)
    const of = (what: Counted['what']) => own.find((row) => row.what === what)
    const number = (what: Counted['what']) => of(what)?.count ?? 0
    const others = own.reduce((sum, { count }) => sum + count, 0)
    const all = rows.find((row) => row.channel === channel)?.rows ?? (exact ? 0 : undefined)
    const sent = exact || all === undefined ? all : Math.max(0, Math.round(all - others))
    return {
      channel,
      counts: {
        pending: number('due') + number('scheduled'),
        sending: number('sending'),
        ...(sent === undefined ? {} : { sent }),
        failed: number('failed'),
        cancelled: number('cancelled'),
      },
      scheduled: number('scheduled'),
      oldestDueMs: of('due') ? Math.max(0, Math.round(of('due')!.oldestMs!)) : null,
      estimated: exact || sent === undefined ? [] : ['sent'],
    }
  })
}

/** What failed in the last hour: for good, and of tries; the commonest hundred. */
export async function countFailures(o: Outbox, tx: Executor): Promise<FailureCount[]> {
  const since = `${now(1)} - interval '1 hour'`
  return tx.execute<FailureCount & Record<string, unknown>>(
    `SELECT channel, code, sum(deliveries)::float8 AS deliveries, sum(tries)::float8 AS tries
     FROM (
       SELECT channel, coalesce(error_code, 'error') AS code, count(*) AS deliveries, 0 AS tries
       FROM ${o.schema}.delivery WHERE status = 'failed' AND settled_at > ${since} GROUP BY 1, 2
       UNION ALL SELECT d.channel, a.code, 0, count(*)
       FROM ${o.schema}.attempt a JOIN ${o.schema}.delivery d ON d.id = a.delivery_id
       WHERE a.started_at > ${since} GROUP BY 1, 2) f
     GROUP BY channel, code
     ORDER BY sum(deliveries) DESC, sum(tries) DESC, channel, code LIMIT 100`,
    [o.clockOffsetMs()],
  )
}
