import { type Executor, now, type Outbox, once } from './outbox.ts'

/** What waits in one channel. */
export interface Backlog {
  readonly channel: string
  /** Due, and taken by no worker. */
  readonly due: number
  /** How long the oldest of those has been due; 0 where there is none. */
  readonly oldestDueMs: number
  /** Waits for a later time. */
  readonly scheduled: number
}

// Both parts are read off an index alone, in its order and no further than asked: what has been
// settled, and what more there is, costs nothing. In the line lanes come oldest first, so that of
// more than are counted the oldest are among them.
export const backlogStatement = once(
  (o) => `
  WITH line AS (
    SELECT c.channel, count(*)::int AS due, min(d.send_at) AS oldest
    FROM UNNEST($2::text[]) AS c (channel) CROSS JOIN LATERAL (
      SELECT send_at FROM ${o.schema}.delivery
      WHERE channel = c.channel AND turn IS NOT NULL
      ORDER BY channel, turn, lane, event, send_at, id LIMIT $3) d
    GROUP BY c.channel),
  waiting AS (
    SELECT channel, count(*) FILTER (WHERE send_at <= ${now(1)})::int AS due,
      min(send_at) FILTER (WHERE send_at <= ${now(1)}) AS oldest,
      count(*) FILTER (WHERE send_at > ${now(1)})::int AS scheduled
    FROM (SELECT channel, send_at FROM ${o.schema}.delivery
          WHERE status = 'pending' AND turn IS NULL ORDER BY send_at, id LIMIT $3) d
    GROUP BY channel)
  SELECT c.channel, coalesce(l.due, 0) + coalesce(w.due, 0) AS due,
    coalesce(greatest(0, extract(epoch FROM ${now(1)} - least(l.oldest, w.oldest)) * 1000), 0)::float8
      AS "oldestDueMs",
    coalesce(w.scheduled, 0) AS scheduled
  FROM UNNEST($2::text[]) AS c (channel)
  LEFT JOIN line l USING (channel) LEFT JOIN waiting w USING (channel)`,
)

/** What waits in each of the channels, counted up to so many. */
export async function readBacklog(
  o: Outbox,
  db: Executor,
  channels: readonly string[],
  atMost: number,
): Promise<Backlog[]> {
  return db.execute<Backlog & Record<string, unknown>>(backlogStatement(o), [
    o.clockOffsetMs(),
    channels,
    atMost,
  ])
}
