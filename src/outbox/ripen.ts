import { type Executor, now, type Outbox, turn } from './outbox.ts'

/** What a look at the whole outbox found. */
export interface Ripe {
  /** Channels with due deliveries, and those with deliveries that must be sent alone. */
  readonly due: readonly string[]
  readonly alone: readonly string[]
  /** Until the next one becomes due; `null` where none waits. */
  readonly nextInMs: number | null
}

const atOnce = 1000

/** Puts in line what has become due: a chunk, oldest first. Gives how many. */
async function putInLine(o: Outbox, db: Executor): Promise<number> {
  const rows = await db.execute(
    `UPDATE ${o.schema}.delivery
     SET turn = ${turn}
     WHERE id = ANY(ARRAY(
       SELECT id FROM ${o.schema}.delivery
       WHERE status = 'pending' AND turn IS NULL AND send_at <= ${now(1)}
       ORDER BY send_at, id LIMIT ${atOnce} FOR UPDATE SKIP LOCKED))
     RETURNING 1`,
    [o.clockOffsetMs()],
  )
  return rows.length
}

// min and max are read off the ends of the index; EXISTS is planned as a scan of the whole table
// where many rows are due.
async function look(o: Outbox, db: Executor, channels: readonly string[]): Promise<Ripe> {
  const rows = await db.execute<{
    channel: string
    due: boolean
    alone: boolean
    next_ms: number | null
  }>(
    `SELECT c.channel,
       coalesce((SELECT min(turn) FROM ${o.schema}.delivery d
         WHERE d.channel = c.channel AND d.turn IS NOT NULL) < 2, false) AS due,
       coalesce((SELECT max(turn) FROM ${o.schema}.delivery d
         WHERE d.channel = c.channel AND d.turn IS NOT NULL) = 2, false) AS alone,
       (SELECT extract(epoch FROM min(send_at) - ${now(1)})::float8 * 1000
        FROM ${o.schema}.delivery WHERE status = 'pending' AND turn IS NULL) AS next_ms
     FROM UNNEST($2::text[]) AS c (channel)`,
    [o.clockOffsetMs(), channels],
  )
  const next = rows[0]?.next_ms ?? null
  return {
    due: rows.filter((row) => row.due).map((row) => row.channel),
    alone: rows.filter((row) => row.alone).map((row) => row.channel),
    nextInMs: next === null ? null : Math.max(0, Math.ceil(next)),
  }
}

/**
 * Puts in line what has become due, a chunk at a time, and says which channels have work. What is
 * scheduled for later is not looked at: the cost does not grow with it.
 */
export async function ripen(o: Outbox, db: Executor, channels: readonly string[]): Promise<Ripe> {
  // A chunk a look: when a big window opens, the first ones must not wait for the last ones.
  const full = (await putInLine(o, db)) === atOnce
  const ripe = await look(o, db, channels)
  return full ? { ...ripe, nextInMs: 0 } : ripe
}
