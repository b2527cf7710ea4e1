import { type Executor, now, type Outbox } from './outbox.ts'

/** Whoever has added nothing for so long has died. */
const silence = `interval '1 day'`
const atOnce = 100

/**
 * Notifications to which nobody adds any more: their process died while it went through an iterable,
 * and without a key no call can go on with them.
 */
export async function findAbandoned(o: Outbox, db: Executor): Promise<string[]> {
  const rows = await db.execute<{ id: string }>(
    `SELECT n.id FROM ${o.schema}.notification n
     WHERE n.sealed_at IS NULL AND n.key IS NULL AND n.created_at < ${now(1)} - ${silence}
       AND NOT EXISTS (
         SELECT 1 FROM ${o.schema}.delivery d
         WHERE d.notification_id = n.id AND d.resend_of IS NULL
           AND d.created_at > ${now(1)} - ${silence})
     ORDER BY n.id LIMIT ${atOnce}`,
    [o.clockOffsetMs()],
  )
  return rows.map(({ id }) => id)
}
