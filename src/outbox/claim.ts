import type { AfterDeadline } from '../availability/timing.ts'
import type { OwnDatabase } from '../database/contract.ts'
import type { Json, JsonObject } from '../event/json.ts'
import { refilled } from './bucket.ts'
import { type Executor, now, type Outbox, once } from './outbox.ts'

/** A delivery in the hands of a worker. `claims` is the fence: it is settled under this number. */
export interface Claimed {
  readonly id: string
  readonly notificationId: string
  readonly event: string
  readonly channel: string
  readonly lane: string
  readonly urgent: boolean
  /** Of a delivery to a group, a list; `address` is one too then. */
  readonly recipient: JsonObject | readonly JsonObject[]
  readonly users: readonly string[]
  readonly address: Json
  readonly locale: string
  readonly zone: string
  readonly attempts: number
  readonly claims: number
  readonly attemptsBefore: number
  /** Since it first became due, by the database's clock. */
  readonly elapsedMs: number
  readonly createdAt: Date
  /** By the database's clock. */
  readonly claimedAt: Date
  /** `null` where that is past. */
  readonly notBefore: Date | null
  readonly deadlineAt: Date | null
  readonly afterDeadline: AfterDeadline
  /** Passes the windows by. */
  readonly immediate: boolean
  /** But for what `secret` holds of it. */
  readonly context: JsonObject
  /** The sensitive part of the context, encrypted. */
  readonly secret: string | null
  readonly options: JsonObject
}

export interface ClaimRequest {
  readonly channel: string
  /** Events that this worker knows; others are left to other workers. */
  readonly events: readonly string[]
  /** How many at most, urgent and ordinary together. */
  readonly limit: number
  /** How many of them may be ordinary; the rest is kept for urgent ones. */
  readonly ordinaryLimit: number
  readonly leaseMs: number
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
const lanesAtOnce = 64

const ms = (time: string) => `date_part('epoch', ${time}) * 1000`

/** What is read of a row that was claimed, in forms that cost little to read. */
export const claimedColumns = `
  id, notification_id, event, lane, urgent, recipient, array_to_json(users) AS users, address, locale,
  zone, attempts, claims, attempts_before, immediate, deadline_at,
  CASE WHEN not_before > ${now(1)} THEN not_before END AS not_before,
  ${ms('send_at')} AS send_ms, ${ms('created_at')} AS created_ms, ${ms(`${now(1)} - due_at`)} AS elapsed_ms,
  ${ms(now(1))} AS claimed_ms`

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
 * It does not wait for the disk: where the database dies before a claim is on it, nothing was claimed,
 * and what was in flight goes out again, as after any crash. What is settled waits, and takes the
 * claim along.
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
    SET status = 'sending', turn = NULL, attempts = attempts + 1, claims = claims + 1,
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
  FROM (SELECT set_config('synchronous_commit', 'off', true)) unhurried LEFT JOIN (
    SELECT claimed.*, row_number() OVER (PARTITION BY notification_id) AS of_notification
    FROM claimed) c ON true
  LEFT JOIN ${o.schema}.notification n ON n.id = c.notification_id AND c.of_notification = 1
  ORDER BY c.urgent DESC, c.send_ms, c.id`,
)

export interface ClaimedRow {
  id: string | null
  notification_id: string
  event: string
  lane: string
  urgent: boolean
  recipient: JsonObject | JsonObject[]
  users: string[]
  address: Json
  locale: string
  zone: string
  attempts: number
  claims: number
  attempts_before: number
  elapsed_ms: number
  created_ms: number
  claimed_ms: number
  not_before: Date | null
  deadline_at: Date | null
  immediate: boolean
  context: JsonObject | null
  secret: string | null
  options: JsonObject | null
  next_lane: string | null
  next_urgent_lane: string | null
  limited: boolean
}

/**
 * The context comes with the first row of each notification only: a chunk of one big `send` does
 * not carry it a hundred times.
 */
export function toClaimed(rows: readonly ClaimedRow[], channel: string): Claimed[] {
  const notifications = new Map<string, ReturnType<typeof ofNotification>>()
  for (const { notification_id: id, context, secret, options } of rows) {
    if (context !== null) notifications.set(id, ofNotification(context, secret, options!))
  }
  return rows.map((row) => {
    const { context, secret, options, afterDeadline } = notifications.get(row.notification_id)!
    // In full: copying one object into another costs as much as all the rest.
    return {
      id: row.id!,
      notificationId: row.notification_id,
      event: row.event,
      channel,
      lane: row.lane,
      urgent: row.urgent,
      recipient: row.recipient,
      users: row.users,
      address: row.address,
      locale: row.locale,
      zone: row.zone,
      attempts: row.attempts,
      claims: row.claims,
      attemptsBefore: row.attempts_before,
      elapsedMs: row.elapsed_ms,
      createdAt: new Date(row.created_ms),
      claimedAt: new Date(row.claimed_ms),
      notBefore: row.not_before,
      deadlineAt: row.deadline_at,
      immediate: row.immediate,
      afterDeadline,
      context,
      secret,
      options,
    }
  })
}

const ofNotification = (context: JsonObject, secret: string | null, options: JsonObject) => ({
  ...{ context, secret, options },
  // Written by `send` where it is not the default.
  afterDeadline: (options.afterDeadline ?? 'fail') as AfterDeadline,
})

/** Takes the next due deliveries of a channel: urgent ones first, then a share of each lane. */
export async function claim(
  o: Outbox,
  db: Executor & Pick<OwnDatabase, 'transaction'>,
  request: ClaimRequest,
): Promise<Claim> {
  if (request.overall === undefined) return claimNow(o, db, request)
  return oneByOne(o, db, request.channel, (tx) => claimNow(o, tx, request))
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

async function claimNow(o: Outbox, db: Executor, request: ClaimRequest): Promise<Claim> {
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
