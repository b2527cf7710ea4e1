import { inOrder } from './id.ts'
import { type Executor, now, type Outbox, turn } from './outbox.ts'

/** A claim by id and fence. */
export interface Held {
  readonly id: string
  readonly claims: number
}

/** How far a fence counts the claims of a row, before it begins anew. */
const counts = 2 ** 11
/** How many workers are told apart: with the count it fits into an integer of PostgreSQL. */
export const marks = 2 ** 31 / counts

/**
 * The fence of the next claim of a row: who makes it, and a count. A claim may be lost with the database,
 * and made again by somebody else: the two must differ. One made again by the same worker is the same.
 */
export const nextFence = (mark: number) =>
  `$${mark}::int * ${counts} + (claims % ${counts} + 1) % ${counts}`

/** That a row `d` is still as `h` says it was claimed; its id is among `$1`. */
export const whereHeld = `
  d.id = h.id AND d.id = ANY($1) AND d.status = 'sending' AND d.claims = h.claims`

const held = 'UNNEST($1::uuid[], $2::int[]) AS h (id, claims)'

function values(deliveries: readonly Held[]) {
  const ordered = inOrder(deliveries)
  return [ordered.map((each) => each.id), ordered.map((each) => each.claims)]
}

/** The ids whose leases were prolonged, and those that somebody was just writing. */
export interface Renewal {
  readonly renewed: ReadonlySet<string>
  readonly busy: ReadonlySet<string>
}

/**
 * Prolongs leases; what is in neither set belongs to somebody else by now, or is settled. It waits for
 * no row: who settles a chunk locks the same ones in an order of their own, and each would wait for the
 * other.
 */
export async function renew(
  o: Outbox,
  db: Executor,
  deliveries: readonly Held[],
  leaseMs: number,
): Promise<Renewal> {
  const rows = await db.execute<{ id: string; renewed: boolean }>(
    `WITH free AS MATERIALIZED (
       SELECT d.id FROM ${o.schema}.delivery d, ${held} WHERE ${whereHeld}
       FOR NO KEY UPDATE OF d SKIP LOCKED),
     renewed AS (
       UPDATE ${o.schema}.delivery
       SET lease_until = ${now(3)} + $4::float8 * interval '1 ms'
       WHERE id = ANY(ARRAY(SELECT id FROM free))
       RETURNING id)
     SELECT d.id, d.id IN (SELECT id FROM renewed) AS renewed
     FROM ${o.schema}.delivery d, ${held} WHERE ${whereHeld}`,
    [...values(deliveries), o.clockOffsetMs(), leaseMs],
  )
  const idsWhere = (renewed: boolean) =>
    new Set(rows.filter((row) => row.renewed === renewed).map((row) => row.id))
  return { renewed: idsWhere(true), busy: idsWhere(false) }
}

/** Gives back what was claimed and not sent, as if it had not been tried. */
export async function giveBack(
  o: Outbox,
  db: Executor,
  deliveries: readonly Held[],
): Promise<void> {
  await db.execute(
    `UPDATE ${o.schema}.delivery d
     SET status = 'pending', attempts = d.attempts - 1, lease_until = NULL,
       turn = ${turn}
     FROM ${held} WHERE ${whereHeld}`,
    values(deliveries),
  )
}

/** A delivery whose worker did not come back: enough of it to settle it as a failed attempt. */
export interface Lost {
  readonly id: string
  readonly notificationId: string
  readonly event: string
  readonly channel: string
  readonly users: readonly string[]
  readonly attempts: number
  readonly claims: number
  readonly attemptsBefore: number
  readonly elapsedMs: number
  /** When it was found, by the database's clock. */
  readonly adoptedAt: Date
  /** The notification has something to send when it is completed. */
  readonly onCompleted: boolean
}

/**
 * Takes over expired leases. They keep their fence: if this process dies too before it has settled
 * them, they expire once more.
 */
export async function adoptLost(
  o: Outbox,
  db: Executor,
  request: { channels: readonly string[]; events: readonly string[]; leaseMs: number },
): Promise<Lost[]> {
  return db.execute<Lost & Record<string, unknown>>(
    `UPDATE ${o.schema}.delivery d
     SET lease_until = ${now(1)} + $4::float8 * interval '1 ms'
     WHERE id = ANY(ARRAY(
       SELECT id FROM ${o.schema}.delivery
       WHERE status = 'sending' AND lease_until < ${now(1)}
         AND channel = ANY($2) AND event = ANY($3)
       ORDER BY lease_until LIMIT 200 FOR UPDATE SKIP LOCKED))
     RETURNING id, notification_id AS "notificationId", event, channel, users, attempts, claims,
       attempts_before AS "attemptsBefore", 
       (extract(epoch FROM ${now(1)} - due_at) * 1000)::float8 AS "elapsedMs",
       ${now(1)} AS "adoptedAt",
       (SELECT n.options ? 'onCompleted' FROM ${o.schema}.notification n
        WHERE n.id = d.notification_id) AS "onCompleted"`,
    [o.clockOffsetMs(), request.channels, request.events, request.leaseMs],
  )
}
