import type { Timing } from '../availability/timing.ts'
import type { Json, JsonObject } from '../event/json.ts'
import { fallBack } from './fallback.ts'
import { inOrder } from './id.ts'
import { type Executor, now, type Outbox, once } from './outbox.ts'
import { asJson, idArray } from './rows.ts'
import { erased } from './write.ts'

export interface Tried {
  readonly id: string
  /** Which try it was. */
  readonly attempts: number
  /** The fence, as it was claimed. */
  readonly claims: number
  readonly notificationId: string
  /** `null` where none had it, and where the worker was lost and nobody knows. */
  readonly backend: string | null
  readonly startedAt: Date
  readonly tookMs: number
}

export interface Sent extends Tried {
  readonly outcome: 'sent'
  readonly receipt: JsonObject
  /** What was sent, where it is to be kept. */
  readonly message: JsonObject | undefined
}

export interface NotSent extends Tried {
  /** `retry`: try again in `delayMs`; `failed` or `cancelled`: for good. */
  readonly outcome: 'retry' | 'failed' | 'cancelled'
  /** False where it was given up without a try: its time is over. */
  readonly tried: boolean
  /** Whether its fallbacks are sent in its place, where it failed. */
  readonly fallsBack: boolean
  readonly delayMs: number
  readonly code: string
  readonly text: string
  readonly request: Json | undefined
  readonly response: Json | undefined
}

/** Not a try: its windows are shut. */
export interface PutOff extends Pick<Tried, 'id' | 'attempts' | 'claims' | 'notificationId'> {
  readonly outcome: 'put-off'
  readonly sendAt: Date
  readonly reason: Timing['reason']
  /** From where its opening was looked for. */
  readonly notBefore: Date
}

/** What is settled: a try, or that none is made any more. */
export type Ending = Sent | NotSent
export type Outcome = Ending | PutOff

export interface Settled {
  /** Ids that were settled as asked; the others were no longer ours. */
  readonly ids: ReadonlySet<string>
  /** Notifications that this brought to their end. */
  readonly completed: readonly string[]
  /** Deliveries written in place of some that were given up. */
  readonly fallen: readonly Fallen[]
}

export interface Fallen {
  readonly id: string
  readonly notificationId: string
  readonly event: string
  readonly channel: string
  readonly users: readonly string[]
}

/**
 * Locks the notifications in the order of their ids before anything else, so that two workers that
 * settle the last two deliveries wait for each other instead of locking each other out.
 */
const lockNotifications = (o: Outbox, parameter: number) => `
  locked AS MATERIALIZED (
    SELECT id FROM ${o.schema}.notification WHERE id = ANY($${parameter}::uuid[])
    ORDER BY id FOR NO KEY UPDATE)`

/**
 * Takes what `settled` settled off the count, less what `fallen` put in its place; whoever brings a
 * sealed one to 0 completes it, and erases what was sensitive in it.
 */
const countDown = (o: Outbox) => `
  counted AS (
    UPDATE ${o.schema}.notification n
    SET open = n.open - s.count,
      completed_at = CASE WHEN n.open = s.count AND n.sealed_at IS NOT NULL THEN ${now(1)} END,
      secret = CASE WHEN n.open = s.count AND n.sealed_at IS NOT NULL AND n.secret IS NOT NULL
        THEN '${erased}' ELSE n.secret END
    FROM (SELECT notification_id, sum(count)::int AS count FROM (
            SELECT notification_id, 1 AS count FROM settled
            WHERE status IN ('sent', 'failed', 'cancelled')
            UNION ALL SELECT notification_id, -1 FROM fallen) ended
          GROUP BY notification_id) s
    WHERE n.id = s.notification_id
    RETURNING n.id, n.completed_at)`

/** `ids` gives those of `settled`, or those that are missing in it: whichever are fewer. */
const result = (what: 'settled' | 'missed', ids: string) => `
  SELECT '${what}' AS what, id, NULL::uuid AS notification_id, NULL AS event, NULL AS channel,
    NULL::text[] AS users
  FROM (${ids}) told
  UNION ALL SELECT 'completed', id, NULL, NULL, NULL, NULL FROM counted
  WHERE completed_at IS NOT NULL
  UNION ALL SELECT 'fallen', id, notification_id, event, channel, users FROM fallen`

type Row = Omit<Fallen, 'notificationId'> & {
  readonly what: 'settled' | 'missed' | 'completed' | 'fallen'
  readonly notification_id: string
}

function toSettled(rows: readonly Row[], asked: readonly string[]): Settled {
  const of = (what: string) => rows.filter((row) => row.what === what)
  const ids = new Set([...asked, ...of('settled').map(({ id }) => id)])
  for (const { id } of of('missed')) ids.delete(id)
  return {
    ids,
    completed: of('completed').map(({ id }) => id),
    fallen: of('fallen').map(({ id, notification_id, event, channel, users }) => ({
      ...{ id, notificationId: notification_id, event, channel, users },
    })),
  }
}

const statement = once(
  (o) => `
  WITH input AS (
    SELECT * FROM jsonb_to_recordset($4::jsonb)
    AS i (id uuid, claims int, attempts int, outcome text, tried boolean, "fallsBack" boolean,
      backend text, "startedAt" timestamptz, "tookMs" int, "delayMs" float8, code text, text text,
      receipt jsonb, message jsonb, request jsonb, response jsonb)),
  ${lockNotifications(o, 2)},
  settled AS (
    UPDATE ${o.schema}.delivery d
    SET status = CASE i.outcome WHEN 'retry' THEN 'pending' ELSE i.outcome END,
      turn = CASE WHEN i.outcome = 'retry' AND i."delayMs" <= 0
        THEN CASE WHEN i.code = 'worker-lost' THEN 2 WHEN d.urgent THEN 0 ELSE 1 END END,
      send_at = CASE WHEN i.outcome = 'retry'
        THEN ${now(1)} + i."delayMs" * interval '1 ms' ELSE d.send_at END,
      not_before = CASE WHEN i.outcome = 'retry'
        THEN ${now(1)} + i."delayMs" * interval '1 ms' ELSE d.not_before END,
      reason = CASE WHEN i.outcome = 'retry' THEN 'retry' ELSE d.reason END,
      -- More than there are: of a claim that the database has forgotten.
      attempts = CASE WHEN i.tried THEN greatest(d.attempts, i.attempts) ELSE d.attempts - 1 END,
      lease_until = NULL,
      backend = i.backend,
      receipt = i.receipt,
      message = i.message,
      error_code = i.code,
      error_text = i.text,
      settled_at = CASE WHEN i.outcome <> 'retry' THEN ${now(1)} END
    FROM input i
    WHERE d.id = i.id AND d.id = ANY($3) AND (SELECT count(*) FROM locked) >= 0
      AND ((d.status = 'sending' AND d.claims = i.claims)
        OR (i.outcome = 'sent' AND d.status IN ('sending', 'pending')))
    RETURNING d.id, d.notification_id, d.status, CASE WHEN i."fallsBack" THEN d.fallback END AS fallback),
  tried AS (
    INSERT INTO ${o.schema}.attempt
      (delivery_id, number, backend, started_at, took_ms, code, text, request, response)
    SELECT i.id, i.attempts, i.backend, i."startedAt", i."tookMs", i.code, i.text, i.request, i.response
    FROM input i JOIN settled s ON s.id = i.id
    WHERE i.outcome <> 'sent' AND i.tried
    ON CONFLICT DO NOTHING),
  ${fallBack(o)},
  ${countDown(o)}
  ${result('missed', 'SELECT id FROM input EXCEPT SELECT id FROM settled')}`,
)

/**
 * Writes down how a chunk of tries ended. A failure or retry counts only under its own claim;
 * `sent` is believed from a worker that had lost its lease too, unless the row is settled already.
 */
export async function settle(
  o: Outbox,
  db: Executor,
  outcomes: readonly Ending[],
): Promise<Settled> {
  const ordered = inOrder(outcomes)
  const ids = ordered.map(({ id }) => id)
  const rows = await db.execute<Row>(statement(o), [
    o.clockOffsetMs(),
    idArray([...new Set(ordered.map(({ notificationId }) => notificationId))]),
    idArray(ids),
    asJson(ordered.map(toInput)),
  ])
  return toSettled(rows, ids)
}

/** In full: copying from other objects costs as much as writing the row as JSON. */
function toInput(ending: Ending) {
  const { id, claims, attempts, outcome, backend } = ending
  if (ending.outcome === 'sent') {
    const { receipt, message } = ending
    const tried = true
    const fallsBack = false
    return { id, claims, attempts, outcome, backend, tried, fallsBack, receipt, message }
  }
  const { tried, fallsBack, startedAt, delayMs, code, text, request, response } = ending
  const tookMs = Math.round(ending.tookMs)
  return {
    ...{ id, claims, attempts, outcome, backend, tried, fallsBack },
    ...{ startedAt, tookMs, delayMs, code, text, request, response },
  }
}

/** Cancels deliveries that wait. Those in a worker's hands or settled stay as they are. */
export async function cancel(o: Outbox, db: Executor, ids: readonly string[]): Promise<Settled> {
  const rows = await db.execute<Row>(
    `WITH locked AS MATERIALIZED (
       SELECT id FROM ${o.schema}.notification
       WHERE id IN (SELECT notification_id FROM ${o.schema}.delivery WHERE id = ANY($2))
       ORDER BY id FOR NO KEY UPDATE),
     settled AS (
       UPDATE ${o.schema}.delivery
       SET status = 'cancelled', turn = NULL, settled_at = ${now(1)}
       WHERE id = ANY($2) AND status = 'pending' AND (SELECT count(*) FROM locked) >= 0
       RETURNING id, notification_id, status, fallback),
     ${fallBack(o)},
     ${countDown(o)}
     ${result('settled', 'SELECT id FROM settled')}`,
    [o.clockOffsetMs(), ids],
  )
  return toSettled(rows, [])
}
