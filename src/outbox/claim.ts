import type { OwnDatabase } from '../database/contract.ts'
import { refilled } from './bucket.ts'
import { type Claimed, type ClaimedRow, claimedColumns, toClaimed } from './claimed.ts'
import { nextFence } from './hold.ts'
import { type Executor, now, type Outbox, once } from './outbox.ts'
import { beginning, behind, justBefore, type Position } from './position.ts'

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
  /** Where to look on in the line of ordinary ones, for turns; `null`: from its beginning. */
  readonly after: Position | null
  /** The same among the urgent ones. */
  readonly afterUrgent: Position | null
  /** How many all workers together may have in flight; `undefined`: any number. */
  readonly overall?: number | undefined
  /** Rows of `bucket` that grant or hold back this channel. */
  readonly buckets: readonly string[]
}

export interface Claim {
  readonly claimed: readonly Claimed[]
  /** Just before the first ordinary one that was claimed. */
  readonly before: Position | null
  /** Where to look on among the ordinary ones: lanes take turns. `null`: the last lane was reached. */
  readonly next: Position | null
  /** The same among the urgent ones. */
  readonly nextUrgent: Position | null
  /** The rate allowed less than was asked for, and all of it was used; or all is held back. */
  readonly limited: boolean
}

/** As where nothing is due. */
export const nothingClaimed: Claim = {
  ...{ claimed: [], before: null, next: null, nextUrgent: null, limited: false },
}

/** How many lanes one claim looks at. More wait for the next one, which goes on after them. */
export const lanesAtOnce = 128

/** The parameters that hold a position, from `$first` on. */
const positionAt = (first: number): Position => ({
  ...{ lane: `$${first}::uuid`, event: `$${first + 1}::text` },
  sendAt: `$${first + 2}::timestamptz`,
})
const afterOrdinary = positionAt(11)
const afterUrgent = positionAt(14)

/**
 * The lanes that have due rows, one index probe each: a "loose index scan". It never looks at rows,
 * so that a lane of a million costs as much as one of one.
 */
const lanes = (o: Outbox, name: string, turn: number, after: Position) => `
  ${name} AS (
    (SELECT lane, event, 1 AS n FROM ${o.schema}.delivery
     WHERE channel = $2 AND turn = ${turn}
       AND (lane, event, send_at) > (${after.lane}, ${after.event}, ${after.sendAt})
     ORDER BY lane, event, send_at LIMIT 1)
    UNION ALL
    SELECT next.lane, next.event, l.n + 1
    FROM ${name} l CROSS JOIN LATERAL (
      SELECT lane, event FROM ${o.schema}.delivery
      WHERE channel = $2 AND turn = ${turn} AND (lane, event) > (l.lane, l.event)
      ORDER BY lane, event LIMIT 1) next
    WHERE l.n < ${lanesAtOnce}
  )`

/** An equal share of the limit from each lane, oldest first; rows that others hold are passed over. */
const picked = (
  o: Outbox,
  name: string,
  lanesName: string,
  turn: number,
  after: Position,
  limit: string,
) => `
  ${name} AS MATERIALIZED (
    SELECT row.id, l.lane, l.event
    FROM (SELECT *, count(*) OVER () AS lanes FROM ${lanesName}
          WHERE event = ANY($3) AND NOT EXISTS (
            SELECT 1 FROM ${o.schema}.bucket b
            WHERE b.name = 'lane:' || lane AND b.blocked_until > ${now(1)})) l
    CROSS JOIN LATERAL (
      SELECT id FROM ${o.schema}.delivery
      WHERE channel = $2 AND turn = ${turn} AND lane = l.lane AND event = l.event
        AND send_at > CASE WHEN (l.lane, l.event) = (${after.lane}, ${after.event})
          THEN ${after.sendAt} ELSE '-infinity' END
      ORDER BY send_at, id
      LIMIT ceil(${limit}::float8 / l.lanes) FOR UPDATE SKIP LOCKED) row
    LIMIT ${limit}
  )`

/**
 * The lane after which to go on: the last one served, where the limit was reached before all were;
 * else the last one looked at, where there may be more.
 */
const goOnAfter = (name: string, pickedName: string, lanesName: string) => `
  ${name} AS (
    SELECT lane, event FROM (
      (SELECT lane, event, 0 AS n FROM (
         SELECT lane, event FROM ${pickedName} ORDER BY lane DESC, event DESC LIMIT 1) served
       WHERE EXISTS (
         SELECT 1 FROM ${lanesName} l WHERE (l.lane, l.event) > (served.lane, served.event)))
      UNION ALL SELECT lane, event, n FROM ${lanesName} WHERE n = ${lanesAtOnce}) place
    ORDER BY n LIMIT 1)`

/**
 * On PostgreSQL it does not wait for the disk: where the server dies before a claim is on it, nothing
 * was claimed, and what was in flight may go out again. What is settled waits, and takes the claim
 * along. The embedded database would lose it with its process, and nobody could tell any more what was
 * in flight.
 *
 * How many are in flight over all workers is counted apart: where that stands in here, PostgreSQL takes
 * its plan for dear as long as it does not know that nothing is to be counted, and plans anew each time.
 */
const statement = once(
  (o) => `
  WITH RECURSIVE
  granted AS MATERIALIZED (
    SELECT name, ${refilled} AS tokens FROM ${o.schema}.bucket
    WHERE name = ANY($7) AND capacity IS NOT NULL ORDER BY name FOR UPDATE),
  allowed AS MATERIALIZED (
    SELECT least($4::int, floor((SELECT min(tokens) FROM granted))::int, $8::int) AS whole
    WHERE NOT EXISTS (
      SELECT 1 FROM ${o.schema}.bucket WHERE name = ANY($7) AND blocked_until > ${now(1)})),
  ${lanes(o, 'urgent_lane', 0, afterUrgent)},
  ${picked(o, 'urgent', 'urgent_lane', 0, afterUrgent, '(SELECT greatest(0, max(whole)) FROM allowed)')},
  ${goOnAfter('next_urgent', 'urgent', 'urgent_lane')},
  ${lanes(o, 'ordinary_lane', 1, afterOrdinary)},
  ${picked(
    o,
    'ordinary',
    'ordinary_lane',
    1,
    afterOrdinary,
    `(SELECT greatest(0, least(greatest(0, max(whole)) - (SELECT count(*) FROM urgent), $5::int)) FROM allowed)`,
  )},
  ${goOnAfter('next_ordinary', 'ordinary', 'ordinary_lane')},
  claimed AS (
    UPDATE ${o.schema}.delivery
    SET status = 'sending', turn = NULL, attempts = attempts + 1, claims = ${nextFence(10)},
      lease_until = ${now(1)} + $6::float8 * interval '1 ms'
    WHERE id = ANY(ARRAY(SELECT id FROM urgent UNION ALL SELECT id FROM ordinary))
    RETURNING ${claimedColumns}),
  taken AS (
    UPDATE ${o.schema}.bucket b
    SET tokens = g.tokens - (SELECT count(*) FROM claimed),
      refilled_at = greatest(b.refilled_at, ${now(1)})
    FROM granted g WHERE b.name = g.name)
  SELECT c.*, n.context, n.secret, n.options,
    o.lane AS next_lane, o.event AS next_event, u.lane AS next_urgent_lane, u.event AS next_urgent_event,
    coalesce((SELECT whole < $4 AND whole <= (SELECT count(*) FROM claimed) FROM allowed), true)
      AS limited
  FROM (SELECT CASE WHEN $9::boolean THEN set_config('synchronous_commit', 'off', true) END) committed
  LEFT JOIN next_ordinary o ON true
  LEFT JOIN next_urgent u ON true
  LEFT JOIN (
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
  const { channel, overall } = request
  const waitsNot = db.kind === 'postgres'
  if (overall === undefined) return claimNow(o, db, request, waitsNot, null)
  return oneByOne(o, db, channel, async (tx) =>
    claimNow(o, tx, request, waitsNot, await placesLeft(o, tx, channel, overall)),
  )
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

/** How many more may be in flight over all workers. */
export async function placesLeft(
  o: Outbox,
  tx: Executor,
  channel: string,
  overall: number,
): Promise<number> {
  const [row] = await tx.execute<{ count: number }>(
    `SELECT count(*)::int AS count FROM ${o.schema}.delivery
     WHERE status = 'sending' AND channel = $1`,
    [channel],
  )
  return Math.max(0, overall - row!.count)
}

interface Row extends ClaimedRow {
  next_lane: string | null
  next_event: string | null
  next_urgent_lane: string | null
  next_urgent_event: string | null
  limited: boolean
}

async function claimNow(
  o: Outbox,
  db: Executor,
  request: ClaimRequest,
  waitsNot: boolean,
  places: number | null,
): Promise<Claim> {
  const after = request.after ?? beginning
  const afterUrgent = request.afterUrgent ?? beginning
  const rows = await db.execute<Row>(statement(o), [
    o.clockOffsetMs(),
    request.channel,
    request.events,
    request.limit,
    request.ordinaryLimit,
    request.leaseMs,
    request.buckets,
    places,
    waitsNot,
    request.mark,
    ...[after.lane, after.event, after.sendAt],
    ...[afterUrgent.lane, afterUrgent.event, afterUrgent.sendAt],
  ])
  const claimed = rows.filter((row) => row.id !== null)
  const { next_lane, next_event, next_urgent_lane, next_urgent_event, limited } = rows[0]!
  return {
    claimed: toClaimed(claimed, request.channel),
    before: justBefore(claimed.filter(({ urgent }) => !urgent)),
    next: behind(next_lane, next_event),
    nextUrgent: behind(next_urgent_lane, next_urgent_event),
    limited,
  }
}
