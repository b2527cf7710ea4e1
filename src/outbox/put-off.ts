import { orderedHeld, whereHeld } from './hold.ts'
import type { Executor, Outbox } from './outbox.ts'
import type { PutOff } from './settle.ts'

/**
 * Puts off what was claimed while its windows are shut. It was no try, and the token that it took
 * from its channel's rate is given back. Gives the ids that were still held.
 */
export async function putOff(
  o: Outbox,
  db: Executor,
  deliveries: readonly PutOff[],
): Promise<Set<string>> {
  const ordered = orderedHeld(deliveries)
  const rows = await db.execute<{ id: string }>(
    `WITH put AS (
       UPDATE ${o.schema}.delivery d
       SET status = 'pending', turn = NULL, lease_until = NULL, attempts = d.attempts - 1,
         send_at = h.send_at, reason = h.reason,
         due_at = CASE WHEN d.attempts - 1 = d.attempts_before THEN h.send_at ELSE d.due_at END
       FROM UNNEST($1::uuid[], $2::int[], $3::timestamptz[], $4::text[])
         AS h (id, claims, send_at, reason)
       WHERE ${whereHeld}
       RETURNING d.id, d.channel),
     returned AS (
       UPDATE ${o.schema}.bucket b
       SET tokens = least(b.capacity, b.tokens + p.count)
       FROM (SELECT channel, count(*) AS count FROM put GROUP BY channel) p
       WHERE b.name = 'channel:' || p.channel AND b.capacity IS NOT NULL)
     SELECT id FROM put`,
    [
      ordered.map((each) => each.id),
      ordered.map((each) => each.claims),
      ordered.map((each) => each.sendAt.toISOString()),
      ordered.map((each) => each.reason),
    ],
  )
  return new Set(rows.map((row) => row.id))
}
