import type { AfterDeadline } from '../availability/timing.ts'
import type { WaitReason } from './entities.ts'
import { inOrder } from './id.ts'
import { type Executor, now, type Outbox, turn } from './outbox.ts'

/** A delivery that waits for its time. */
export interface Waiting {
  readonly id: string
  readonly event: string
  readonly channel: string
  readonly zone: string
  readonly immediate: boolean
  readonly sendAt: Date
  /** The same to the microsecond. */
  readonly sendAtText: string
  readonly reason: WaitReason | null
  readonly notBefore: Date
  readonly deadlineAt: Date | null
  readonly afterDeadline: AfterDeadline
}

/** Another time for one delivery. */
export interface Move {
  readonly id: string
  readonly to: Date
  readonly reason: WaitReason
  /** Only where it still goes at this time (`sendAtText`). */
  readonly was?: string
  /** Changes from where the windows are looked at, and whether they are passed by. */
  readonly notBefore?: Date
  readonly immediate?: boolean
  /** `null`: none any more. */
  readonly deadlineAt?: Date | null
}

const columns = `d.id, d.event, d.channel, d.zone, d.immediate, d.send_at AS "sendAt",
  d.send_at::text AS "sendAtText", d.reason, coalesce(d.not_before, d.send_at) AS "notBefore",
  d.deadline_at AS "deadlineAt", coalesce(n.options ->> 'afterDeadline', 'fail') AS "afterDeadline"`

const from = (o: Outbox) =>
  `${o.schema}.delivery d JOIN ${o.schema}.notification n ON n.id = d.notification_id`

/** One that waits for its time or its turn. */
export async function findWaiting(
  o: Outbox,
  db: Executor,
  id: string,
): Promise<Waiting | undefined> {
  const [row] = await db.execute<Waiting & Record<string, unknown>>(
    `SELECT ${columns} FROM ${from(o)} WHERE d.id = $1 AND d.status = 'pending'`,
    [id],
  )
  return row
}

/** How many wait for their time. */
export async function countWaiting(o: Outbox, db: Executor): Promise<number> {
  const [row] = await db.execute<{ count: string }>(
    `SELECT count(*) FROM ${o.schema}.delivery WHERE status = 'pending' AND turn IS NULL`,
  )
  return Number(row?.count)
}

/** A page of what waits for its time, soonest first; `after` is the last of the page before. */
export async function listWaiting(
  o: Outbox,
  db: Executor,
  after: Pick<Waiting, 'sendAtText' | 'id'> | undefined,
  limit: number,
): Promise<Waiting[]> {
  return db.execute<Waiting & Record<string, unknown>>(
    `SELECT ${columns} FROM ${from(o)}
     WHERE d.status = 'pending' AND d.turn IS NULL
       AND (d.send_at, d.id) > ($1::timestamptz, $2::uuid)
     ORDER BY d.send_at, d.id LIMIT $3`,
    [after?.sendAtText ?? '-infinity', after?.id ?? '00000000-0000-0000-0000-000000000000', limit],
  )
}

/** Gives deliveries that wait other times; gives the ids of those that were still waiting. */
export async function reschedule(
  o: Outbox,
  db: Executor,
  moves: readonly Move[],
): Promise<Set<string>> {
  const ordered = inOrder(moves)
  const rows = await db.execute<{ id: string }>(
    `UPDATE ${o.schema}.delivery d
     SET send_at = m.send_at, reason = m.reason,
       due_at = CASE WHEN d.attempts = d.attempts_before THEN m.send_at ELSE d.due_at END,
       not_before = coalesce(m.not_before, d.not_before),
       immediate = coalesce(m.immediate, d.immediate),
       deadline_at = CASE WHEN m.keeps_deadline THEN d.deadline_at ELSE m.deadline_at END,
       turn = CASE WHEN m.send_at <= ${now(1)} THEN ${turn} END
     FROM UNNEST($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::timestamptz[],
         $7::boolean[], $8::timestamptz[], $9::boolean[])
       AS m (id, send_at, reason, was, not_before, immediate, deadline_at, keeps_deadline)
     WHERE d.id = m.id AND d.id = ANY($2) AND d.status = 'pending'
       AND (m.was IS NULL OR d.send_at = m.was::timestamptz)
     RETURNING d.id`,
    [
      o.clockOffsetMs(),
      ordered.map((move) => move.id),
      ordered.map((move) => move.to.toISOString()),
      ordered.map((move) => (move.reason === 'open' ? null : move.reason)),
      ordered.map((move) => move.was ?? null),
      ordered.map((move) => move.notBefore?.toISOString() ?? null),
      ordered.map((move) => move.immediate ?? null),
      ordered.map((move) => move.deadlineAt?.toISOString() ?? null),
      ordered.map((move) => move.deadlineAt === undefined),
    ],
  )
  return new Set(rows.map((row) => row.id))
}
