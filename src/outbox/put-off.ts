import { whereHeld } from './hold.ts'
import { inOrder } from './id.ts'
import type { Executor, Outbox } from './outbox.ts'
import type { PutOff } from './settle.ts'

/**
 * Puts off what was claimed while its windows are shut. It was no try. Gives the ids that were still
 * held.
 */
export async function putOff(
  o: Outbox,
  db: Executor,
  deliveries: readonly PutOff[],
): Promise<Set<string>> {
  const ordered = inOrder(deliveries)
  const rows = await db.execute<{ id: string }>(
    `UPDATE ${o.schema}.delivery d
     SET status = 'pending', turn = NULL, lease_until = NULL, attempts = d.attempts - 1,
       send_at = h.send_at, reason = h.reason, not_before = h.not_before,
       due_at = CASE WHEN d.attempts - 1 = d.attempts_before THEN h.send_at ELSE d.due_at END
     FROM UNNEST($1::uuid[], $2::int[], $3::timestamptz[], $4::text[], $5::timestamptz[])
       AS h (id, claims, send_at, reason, not_before)
     WHERE ${whereHeld}
     RETURNING d.id`,
    [
      ordered.map((each) => each.id),
      ordered.map((each) => each.claims),
      ordered.map((each) => each.sendAt.toISOString()),
      ordered.map((each) => each.reason),
      ordered.map((each) => each.notBefore.toISOString()),
    ],
  )
  return new Set(rows.map((row) => row.id))
}
