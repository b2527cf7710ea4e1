import { type Executor, now, type Outbox, turn } from './outbox.ts'
import { erased } from './write.ts'

/**
 * The notifications of deliveries, locked before these, as settling does; but for those whose
 * sensitive context was erased: without it there is nothing to send.
 */
const locked = (o: Outbox, ids: string) => `
  locked AS MATERIALIZED (
    SELECT id, secret FROM ${o.schema}.notification
    WHERE id IN (SELECT notification_id FROM ${o.schema}.delivery WHERE id = ${ids})
    ORDER BY id FOR NO KEY UPDATE),
  kept AS (SELECT id FROM locked WHERE secret IS DISTINCT FROM '${erased}')`

/**
 * Puts failed deliveries in line once more, under the same id, with a fresh series of tries and
 * without a deadline. The windows hold.
 */
export async function retry(o: Outbox, db: Executor, ids: readonly string[]): Promise<string[]> {
  const rows = await db.execute<{ id: string }>(
    `WITH ${locked(o, 'ANY($2)')},
     again AS (
       UPDATE ${o.schema}.delivery
       SET status = 'pending', settled_at = NULL, send_at = ${now(1)}, due_at = ${now(1)},
         not_before = ${now(1)}, deadline_at = NULL, reason = NULL,
         attempts_before = attempts, turn = ${turn}
       WHERE id = ANY($2) AND status = 'failed' AND erased_at IS NULL AND notification_id IN (SELECT id FROM kept)
       RETURNING id, notification_id),
     opened AS (
       UPDATE ${o.schema}.notification n SET open = n.open + a.count, completed_at = NULL
       FROM (SELECT notification_id, count(*)::int AS count FROM again GROUP BY 1) a
       WHERE n.id = a.notification_id)
     SELECT id FROM again`,
    [o.clockOffsetMs(), ids],
  )
  return rows.map((row) => row.id)
}

/**
 * Sends a sent delivery once more, as a new one that names it. False where it was not sent. Asked once
 * more with the same new id, it is true and does nothing.
 */
export async function resend(o: Outbox, db: Executor, id: string, newId: string): Promise<boolean> {
  const rows = await db.execute(
    `WITH ${locked(o, '$2')},
     again AS (
       INSERT INTO ${o.schema}.delivery
         (id, notification_id, resend_of, lane, urgent, event, channel, recipient, users, address,
          address_key, locale, zone, zone_unknown, immediate, status, turn, send_at, due_at,
          not_before, attempts, attempts_before, created_at)
       SELECT $3, notification_id, id, lane, urgent, event, channel, recipient, users, address,
         address_key, locale, zone, zone_unknown, immediate, 'pending',
         CASE WHEN urgent THEN 0 ELSE 1 END, ${now(1)}, ${now(1)}, ${now(1)}, 0, 0, ${now(1)}
       FROM ${o.schema}.delivery
       WHERE id = $2 AND status = 'sent' AND erased_at IS NULL
         AND notification_id IN (SELECT id FROM kept)
       ON CONFLICT (id) DO NOTHING
       RETURNING notification_id)
     UPDATE ${o.schema}.notification n SET open = n.open + 1, completed_at = NULL
     FROM again WHERE n.id = again.notification_id
     RETURNING n.id`,
    [o.clockOffsetMs(), id, newId],
  )
  if (rows.length === 1) return true
  const [made] = await db.execute(
    `SELECT FROM ${o.schema}.delivery WHERE id = $2 AND resend_of = $1`,
    [id, newId],
  )
  return made !== undefined
}
