import type { Executor, Outbox } from './outbox.ts'

/**
 * Leaves to a worker of another version what is to follow these notifications: an event that this
 * one does not know.
 */
export async function leaveFollowUp(o: Outbox, tx: Executor, id: string): Promise<void> {
  await tx.execute(
    `UPDATE ${o.schema}.notification SET options = jsonb_set(options, '{onCompleted,left}', 'true')
     WHERE id = $1`,
    [id],
  )
}

/** Takes over what others have left, of the events that are known here. Gives the notifications. */
export async function takeLeft(
  o: Outbox,
  tx: Executor,
  events: readonly string[],
): Promise<string[]> {
  const rows = await tx.execute<{ id: string }>(
    `UPDATE ${o.schema}.notification SET options = options #- '{onCompleted,left}'
     WHERE id = ANY(ARRAY(
       SELECT id FROM ${o.schema}.notification
       WHERE options #> '{onCompleted,left}' IS NOT NULL
         AND options #>> '{onCompleted,event}' = ANY($1)
       LIMIT 100 FOR NO KEY UPDATE SKIP LOCKED))
     RETURNING id`,
    [events],
  )
  return rows.map(({ id }) => id)
}
