import type { OwnDatabase } from '../database/contract.ts'
import { refilled } from './bucket.ts'
import { type Claimed, type ClaimedRow, claimedColumns, toClaimed } from './claimed.ts'
import { nextFence } from './hold.ts'
import { type Executor, now, type Outbox, once } from './outbox.ts'

export interface ClaimRequest {
  readonly channel: string
  /** Events that this worker knows; others are left to other workers. */
  readonly events: readonly string[]
  /** How many at most, urgent and ordinary together. */
  readonly limit: number
  /** How many of them may be ordinary; the rest is kept for urgent ones. */
  readonly ordinaryLimit: number
  readonly leaseMs: number
  /** Of the worker: an integer below `marks`, by chance. */
  readonly mark: number
  /** The lane after which to go on among the ordinary ones, for turns; `null` is the first. */
  readonly afterLane: string | null
  /** The same among the urgent ones. */
  readonly afterUrgentLane: string | null
  /** How many all workers together may have in flight; `undefined`: any number. */
  readonly overall?: number | undefined
  /** Rows of `bucket` that grant or hold back this channel. */
  readonly buckets: readonly string[]
}

export interface Claim {
  readonly claimed: readonly Claimed[]
  /** Give it as `afterLane` next time: lanes take turns. `null`: the last lane was reached. */
  readonly nextLane: string | null
  readonly nextUrgentLane: string | null
  /** The rate allowed less than was asked for, and all of it was used; or all is held back. */
  readonly limited: boolean
}

/** How many lanes one claim looks at. More wait for the next one, which goes on after them. */
export const lanesAtOnce = 128

const noLane = '00000000-0000-0000-0000-000000000000'

/**
 * The lanes that have due rows, one index probe each: a "loose index scan". It never looks at rows,
 * so that a lane of a million costs as much as one of one.
 */
const lanes = (o: Outbox, name: string, turn: number, from: string) => `
  ${name} AS (
    (SELECT lane, event, 1 AS n FROM ${o.schema}.delivery
     WHERE channel = $2 AND turn = ${turn} AND lane > ${from}
     ORDER BY lane, event LIMIT 1)
    UNION ALL
    SELECT next.lane, next.event, l.n + 1
    FROM ${name} l CROSS JOIN LATERAL (
      SELECT lane, event FROM ${o.schema}.delivery
      WHERE channel = $2 AND turn = ${turn} AND (lane, event) > (l.lane, l.event)
      ORDER BY lane, event LIMIT 1) next
    WHERE l.n < ${lanesAtOnce}
  )`

/** An equal share of the limit from each lane, oldest first; rows that others hold are passed over. */
const picked = (o: Outbox, name: string, lanesName: string, turn: number, limit: string) => `
  ${name} AS MATERIALIZED (
    SELECT row.id, l.lane
    FROM (SELECT *, count(*) OVER () AS lanes FROM ${lanesName}
          WHERE event = ANY($3) AND NOT EXISTS (
            SELECT 1 FROM ${o.schema}.bucket b
            WHERE b.name = 'lane:' || lane AND b.blocked_until > ${now(1)})) l
    CROSS JOIN LATERAL (
      SELECT id FROM ${o.schema}.delivery
      WHERE channel = $2 AND turn = ${turn} AND lane = l.lane AND event = l.event
      ORDER BY send_at, id
      LIMIT ceil(${limit}::float8 / l.lanes) FOR UPDATE SKIP LOCKED) row
    LIMIT ${limit}
  )`

/**
 * The lane after which to go on: the last one served, where the limit was reached before all were;
 * else the last one looked at, where there may be more.
 */
const goOnAfter = (name: string, lanesName: string) => `
  coalesce(
    (SELECT lane FROM (SELECT lane FROM ${name} ORDER BY lane DESC LIMIT 1) served
     WHERE EXISTS (SELECT 1 FROM ${lanesName} l WHERE l.lane > served.lane)),
    (SELECT lane FROM ${lanesName} WHERE n = ${lanesAtOnce}))`

/**
 * On PostgreSQL it does not wait for the disk: where the server dies before a claim is on it, nothing
 * was claimed, and what was in flight may go out again. What is settled waits, and takes the claim
 * along. The embedded database would lose it with its process, and nobody could tell any more what was
 * in flight.
 */
const statement = once(
  (o) => `
  WITH RECURSIVE
  granted AS MATERIALIZED (
    SELECT name, ${refilled} AS tokens FROM ${o.schema}.bucket
    WHERE name = ANY($8) AND capacity IS NOT NULL ORDER BY name FOR UPDATE),
  allowed AS MATERIALIZED (
    SELECT least($4::int, floor((SELECT min(tokens) FROM granted))::int,
      CASE WHEN $10::int IS NOT NULL THEN greatest(0, $10::int - (
        SELECT count(*) FROM ${o.schema}.delivery
        WHERE status = 'sending' AND channel = $2)::int) END) AS whole
    WHERE NOT EXISTS (
      SELECT 1 FROM ${o.schema}.bucket WHERE name = ANY($8) AND blocked_until > ${now(1)})),
  ${lanes(o, 'urgent_lane', 0, '$9::uuid')},
  ${picked(o, 'urgent', 'urgent_lane', 0, '(SELECT greatest(0, max(whole)) FROM allowed)')},
  ${lanes(o, 'ordinary_lane', 1, '$7::uuid')},
  ${picked(
    o,
    'ordinary',
    'ordinary_lane',
    1,
    `(SELECT greatest(0, least(greatest(0, max(whole)) - (SELECT count(*) FROM urgent), $5::int)) FROM allowed)`,
  )},
  claimed AS (
    UPDATE ${o.schema}.delivery
    SET status = 'sending', turn = NULL, attempts = attempts + 1, claims = ${nextFence(12)},
      lease_until = ${now(1)} + $6::float8 * interval '1 ms'
    WHERE id = ANY(ARRAY(SELECT id FROM urgent UNION ALL SELECT id FROM ordinary))
    RETURNING ${claimedColumns}),
  taken AS (
    UPDATE ${o.schema}.bucket b
    SET tokens = g.tokens - (SELECT count(*) FROM claimed),
      refilled_at = greatest(b.refilled_at, ${now(1)})
    FROM granted g WHERE b.name = g.name)
  SELECT c.*, n.context, n.secret, n.options,
    ${goOnAfter('ordinary', 'ordinary_lane')} AS next_lane,
    ${goOnAfter('urgent', 'urgent_lane')} AS next_urgent_lane,
    coalesce((SELECT whole < $4 AND whole <= (SELECT count(*) FROM claimed) FROM allowed), true)
      AS limited
  FROM (SELECT CASE WHEN $11::boolean THEN set_config('synchronous_commit', 'off', true) END) committed LEFT JOIN (
    SELECT claimed.*, row_number() OVER (PARTITION BY notification_id) AS of_notification
    FROM claimed) c ON true
  LEFT JOIN ${o.schema}.notification n ON n.id = c.notification_id AND c.of_notification = 1
  ORDER BY c.urgent DESC, c.send_ms, c.id`,
)

/** Takes the next due deliveries of a channel: urgent ones first, then a share of each lane. */
export async function claim(
  o: Outbox,
  db: Executor & Pick<OwnDatabase, 'transaction' | 'kind'>,
  request: ClaimRequest,
): Promise<Claim> {
  const waitsNot = db.kind === 'postgres'
  if (request.overall === undefined) return claimNow(o, db, request, waitsNot)
  return oneByOne(o, db, request.channel, (tx) => claimNow(o, tx, request, waitsNot))
}

/** One claim of a channel after the other: each has to see what those before it took. */
export function oneByOne<T>(
  o: Outbox,
  db: Pick<OwnDatabase, 'transaction'>,
  channel: string,
  work: (tx: Executor) => Promise<T>,
): Promise<T> {
  return db.transaction(async (tx) => {
    const name = `${o.schema} ${channel}`
    await tx.execute('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [name])
    return work(tx)
  })
}

async function claimNow(
  o: Outbox,
  db: Executor,
  request: ClaimRequest,
  waitsNot: boolean,
): Promise<Claim> {
  const rows = await db.execute<ClaimedRow>(statement(o), [
    o.clockOffsetMs(),
    request.channel,
    request.events,
    request.limit,
    request.ordinaryLimit,
    request.leaseMs,
    request.afterLane ?? noLane,
    request.buckets,
    request.afterUrgentLane ?? noLane,
    request.overall ?? null,
    waitsNot,
    request.mark,
  ])
  return {
    claimed: toClaimed(
      rows.filter((row) => row.id !== null),
      request.channel,
    ),
    nextLane: rows[0]?.next_lane ?? null,
    nextUrgentLane: rows[0]?.next_urgent_lane ?? null,
    limited: rows[0]?.limited === true,
  }
}
