import type { OwnDatabase } from '../database/contract.ts'
import { type Executor, now, type Outbox } from './outbox.ts'

export interface PruneTerms {
  /** Removes what was completed longer ago. */
  readonly days: number
  /** The same of notifications with an idempotency key, if that is longer. */
  readonly keepKeysDays: number
}

export interface Pruned {
  readonly notifications: number
  readonly deliveries: number
}

/** Notifications that one transaction looks at, and deliveries that it removes. */
const chunk = { notifications: 200, deliveries: 1000 }

const dayMs = 86_400_000
const firstId = '00000000-0000-0000-0000-000000000000'
const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** The key of what follows a notification, as long as that is kept: it would be sent again. */
const followsKept = (o: Outbox) => `
  EXISTS (SELECT 1 FROM ${o.schema}.notification first
    WHERE first.id = CASE WHEN n.key ~ '^completed:[0-9a-f-]{36}$'
      THEN substr(n.key, 11)::uuid END)`

/** That a notification `n` may go. All of what refers to a delivery is of its own notification. */
const old = (o: Outbox) => `
  n.completed_at < ${now(1)} - $2::float8 * interval '1 day'
  AND (n.key IS NULL OR (
    n.completed_at < ${now(1)} - greatest($2, $3::float8) * interval '1 day'
    AND NOT ${followsKept(o)}))
  AND n.id > $4::uuid AND n.id < $5::uuid`

/**
 * Ids are in the order of time, so that the oldest are the first, and the rest need not be looked at.
 * A day's leave for the clocks that they were made by; none where the clock is a test's.
 */
function idBefore(o: Outbox, nowMs: number, days: number): string {
  if (o.clockOffsetMs() !== 0) return lastId
  const ms = Math.max(0, Math.floor(nowMs - (days - 1) * dayMs))
  const hex = ms.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

/** Of these notifications; each arm by its own index. */
const deliveriesOf = (o: Outbox, ids: string) => `
  SELECT id, notification_id FROM ${o.schema}.delivery
  WHERE notification_id = ANY(${ids}) AND resend_of IS NULL
  UNION ALL SELECT id, notification_id FROM ${o.schema}.delivery
  WHERE notification_id = ANY(${ids}) AND resend_of IS NOT NULL`

function values(o: Outbox, { days, keepKeysDays }: PruneTerms, after: string, before: string) {
  return [o.clockOffsetMs(), days, keepKeysDays, after, before]
}

async function databaseNow(db: Executor): Promise<number> {
  const [row] = await db.execute<{ ms: number }>(
    'SELECT (extract(epoch FROM now()) * 1000)::float8 AS ms',
  )
  return row!.ms
}

/** How much `prune` would remove. */
export async function countOld(o: Outbox, db: Executor, terms: PruneTerms): Promise<Pruned> {
  const before = idBefore(o, await databaseNow(db), terms.days)
  const pages = { notifications: 0, deliveries: 0 }
  for (let after = firstId; ; ) {
    const [row] = await db.execute<{ last: string | null; count: number; deliveries: number }>(
      `WITH page AS MATERIALIZED (
         SELECT n.id FROM ${o.schema}.notification n WHERE ${old(o)} ORDER BY n.id LIMIT 1000)
       SELECT (SELECT id FROM page ORDER BY id DESC LIMIT 1) AS last,
         (SELECT count(*)::int FROM page) AS count,
         (SELECT count(*)::int FROM (
            ${deliveriesOf(o, 'ARRAY(SELECT id FROM page)')}) d) AS deliveries`,
      values(o, terms, after, before),
    )
    if (!row?.last) return pages
    pages.notifications += row.count
    pages.deliveries += row.deliveries
    after = row.last
  }
}

/**
 * Removes a chunk in one transaction. Whoever else prunes passes over what is locked here, and a
 * retry that comes first makes the notification open again. `after` goes on only where all
 * deliveries of the chunk are gone: one notification can have a million.
 */
async function pruneChunk(o: Outbox, tx: Executor, given: unknown[]) {
  const found = await tx.execute<{ id: string }>(
    `SELECT n.id FROM ${o.schema}.notification n WHERE ${old(o)}
     ORDER BY n.id LIMIT ${chunk.notifications} FOR UPDATE SKIP LOCKED`,
    given,
  )
  const ids = found.map(({ id }) => id)
  if (ids.length === 0) return undefined
  // Their attempts go with them.
  const removed = await tx.execute(
    `DELETE FROM ${o.schema}.delivery WHERE id = ANY(ARRAY(
       SELECT id FROM (${deliveriesOf(o, '$1::uuid[]')}) d
       ORDER BY notification_id LIMIT ${chunk.deliveries}))
     RETURNING 1`,
    [ids],
  )
  const deliveries = removed.length
  if (deliveries === chunk.deliveries) return { notifications: 0, deliveries, last: undefined }
  await tx.execute(`DELETE FROM ${o.schema}.notification WHERE id = ANY($1::uuid[])`, [ids])
  return { notifications: ids.length, deliveries, last: ids.at(-1)! }
}

/**
 * Removes what is old and settled, oldest first, a transaction a chunk. It can be stopped at any
 * point, and begun again.
 */
export async function prune(
  o: Outbox,
  db: Pick<OwnDatabase, 'transaction' | 'execute'>,
  terms: PruneTerms,
  { signal, onChunk }: { signal?: AbortSignal; onChunk?(done: Pruned): void } = {},
): Promise<Pruned> {
  const before = idBefore(o, await databaseNow(db), terms.days)
  let done: Pruned = { notifications: 0, deliveries: 0 }
  let after = firstId
  while (signal?.aborted !== true) {
    const given = values(o, terms, after, before)
    const removed = await db.transaction((tx) => pruneChunk(o, tx, given))
    if (removed === undefined) break
    after = removed.last ?? after
    done = {
      notifications: done.notifications + removed.notifications,
      deliveries: done.deliveries + removed.deliveries,
    }
    onChunk?.(done)
  }
  return done
}
