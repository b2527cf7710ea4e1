import type { JsonObject } from '../event/json.ts'
import type { Skipped } from '../recipient/skip.ts'
import { type Claimed, type ClaimedRow, claimedColumns, toClaimed } from './claimed.ts'
import { storedFallback } from './fallback.ts'
import type { NewDelivery } from './new-delivery.ts'
import { type Executor, now, type Outbox, once } from './outbox.ts'
import { asJson } from './rows.ts'

export interface NewNotification {
  readonly id: string
  readonly event: string
  /** But for what `secret` holds of it. */
  readonly context: JsonObject
  /** The sensitive part of the context, encrypted. */
  readonly secret: string | undefined
  readonly options: JsonObject
  readonly key: string | undefined
  /** Tells a repeated call from a key used twice; of calls with a key. */
  readonly fingerprint: Fingerprint | undefined
}

/** Of a context: what is stored of it, and whether a stored one is of the same. */
export interface Fingerprint {
  readonly text: string
  matches(stored: string): boolean
}

/** Stands in place of a secret that is not needed any more. */
export const erased = 'erased'

/** What all deliveries of one call have in common. */
export interface Terms {
  readonly notificationId: string
  readonly event: string
  readonly lane: string
  readonly urgent: boolean
  /** The windows are looked at from here; `undefined`: from now. */
  readonly notBefore: Date | undefined
  readonly deadline: Date | undefined
}

/** What an idle worker of this process takes as it is written: no claim is needed then. */
export interface Taking {
  /** Of deliveries. */
  readonly ids: ReadonlySet<string>
  readonly leaseMs: number
  /** Rows of `bucket`: where one of them holds back, nothing is taken. */
  readonly buckets: readonly string[]
}

const insertNotification = (o: Outbox, sealed: string) => `
  INSERT INTO ${o.schema}.notification
    (id, event, context, options, key, key_hash, skipped, open, sealed_at, completed_at,
     created_at, secret)
  SELECT $2::uuid, $3::text, $4::jsonb, $5::jsonb, $6::text, $7::text, $8::jsonb, $9::int,
    ${sealed}, ${now(1)}, $10::text
  ON CONFLICT (event, key) WHERE key IS NOT NULL DO NOTHING
  RETURNING id`

/**
 * From parameter `p` on: terms (5), then the rows; those for which `taken` holds are written as
 * claimed. The same address twice: first one wins.
 */
const insertDeliveries = (o: Outbox, p: number, source: string, taken = 'false') => `
  INSERT INTO ${o.schema}.delivery
    (id, notification_id, lane, urgent, event, channel, recipient, users, address, address_key,
     locale, zone, status, turn, send_at, due_at, attempts, claims, lease_until, attempts_before,
     created_at, fallback, not_before, deadline_at, immediate, zone_unknown, reason)
  SELECT d.id, ${source}, $${p}::uuid, $${p + 1}::boolean, $${p + 2}::text, d.channel, d.recipient,
    d.users::text[], d.address, d."addressKey", d.locale, d.zone,
    CASE WHEN ${taken} THEN 'sending' ELSE 'pending' END,
    CASE WHEN ${taken} OR d."sendAt" > ${now(1)} THEN NULL WHEN $${p + 1}::boolean THEN 0 ELSE 1 END,
    coalesce(d."sendAt", ${now(1)}), coalesce(d."sendAt", ${now(1)}),
    (${taken})::int, (${taken})::int,
    CASE WHEN ${taken} THEN ${now(1)} + d."leaseMs" * interval '1 ms' END, 0, ${now(1)},
    d.fallback, coalesce($${p + 3}::timestamptz, ${now(1)}), $${p + 4}::timestamptz,
    d.immediate, d."zoneUnknown", d.reason
  FROM jsonb_to_recordset($${p + 5}::jsonb)
    AS d (id uuid, channel text, recipient jsonb, users text, address jsonb, "addressKey" text,
      locale text, zone text, fallback jsonb, "sendAt" timestamptz, immediate boolean,
      "zoneUnknown" boolean, reason text, "leaseMs" float8)`

const unlessTwice = `ON CONFLICT (notification_id, channel, address_key) WHERE resend_of IS NULL DO NOTHING`

function notificationValues(o: Outbox, n: NewNotification, skipped: Skipped, open: number) {
  return [
    o.clockOffsetMs(),
    n.id,
    n.event,
    JSON.stringify(n.context),
    JSON.stringify(n.options),
    n.key ?? null,
    n.fingerprint?.text ?? null,
    JSON.stringify(skipped),
    open,
    n.secret ?? null,
  ]
}

function deliveryValues(terms: Terms, deliveries: readonly NewDelivery[], taking?: Taking) {
  return [
    terms.lane,
    terms.urgent,
    terms.event,
    terms.notBefore ?? null,
    terms.deadline ?? null,
    asJson(deliveries.map((delivery) => toRow(delivery, taking))),
  ]
}

/** PostgreSQL takes four times as long to make an array of JSON as to read all else of a row. */
function arrayLiteral(items: readonly string[]): string {
  return `{${items.map((item) => `"${item.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`
}

/** What is not said, or is so of most, is left out. */
const toRow = (d: NewDelivery, taking: Taking | undefined) => ({
  id: d.id,
  channel: d.channel,
  recipient: d.recipient,
  users: arrayLiteral(d.users),
  address: d.address,
  addressKey: d.addressKey,
  locale: d.locale,
  zone: d.zone,
  fallback: storedFallback(d),
  sendAt: d.sendAt,
  immediate: d.immediate,
  zoneUnknown: d.zoneUnknown,
  reason: d.reason === 'open' ? undefined : d.reason,
  leaseMs: taking?.ids.has(d.id) ? taking.leaseMs : undefined,
})

const sealedNow = `${now(1)}, CASE WHEN $9::int = 0 THEN ${now(1)} END`

const whole = once(
  (o) => `
    WITH n AS (
      ${insertNotification(o, sealedNow)}),
    d AS (${insertDeliveries(o, 11, 'n.id')}, n)
    SELECT count(*)::int AS written FROM n`,
)

const wholeTaking = once(
  (o) => `
    WITH free AS MATERIALIZED (
      SELECT NOT EXISTS (
        SELECT 1 FROM ${o.schema}.bucket
        WHERE name = ANY($17::text[]) AND blocked_until > ${now(1)}) AS now),
    n AS (${insertNotification(o, sealedNow)}, context, secret, options),
    d AS (
      ${insertDeliveries(o, 11, 'n.id', '(d."leaseMs" IS NOT NULL AND free.now)')}, n, free
      RETURNING ${claimedColumns}, channel, status)
    SELECT d.*, n.context, n.secret, n.options FROM n LEFT JOIN d ON d.status = 'sending'`,
)

/**
 * Writes a notification with all of its deliveries, sealed, in one statement. Gives those that were
 * taken; `undefined` where the key is taken: then nothing was written.
 */
export async function writeWhole(
  o: Outbox,
  tx: Executor,
  notification: NewNotification,
  skipped: Skipped,
  terms: Terms,
  deliveries: readonly NewDelivery[],
  taking?: Taking,
): Promise<readonly Claimed[] | undefined> {
  const nothing = deliveries.length === 0
  const secret = nothing && notification.secret !== undefined ? erased : notification.secret
  const values = [
    ...notificationValues(o, { ...notification, secret }, skipped, deliveries.length),
    ...deliveryValues(terms, deliveries, taking),
  ]
  if (taking === undefined) {
    const [row] = await tx.execute<{ written: number }>(whole(o), values)
    return row?.written === 1 ? [] : undefined
  }
  const rows = await tx.execute<ClaimedRow & { channel: string }>(wholeTaking(o), [
    ...values,
    taking.buckets,
  ])
  if (rows.length === 0) return undefined
  return rows.flatMap((row) => (row.id === null ? [] : toClaimed([row], row.channel)))
}

/** Writes an unsealed notification, to which chunks of deliveries will follow. */
export async function openNotification(
  o: Outbox,
  tx: Executor,
  notification: NewNotification,
  skipped: Skipped,
): Promise<boolean> {
  const rows = await tx.execute(
    insertNotification(o, 'NULL, NULL'),
    notificationValues(o, notification, skipped, 0),
  )
  return rows.length === 1
}

// The count is taken on the row itself, so that a worker settling the last delivery meanwhile waits
// for it.
const chunk = once(
  (o) => `
    WITH n AS MATERIALIZED (
      SELECT id FROM ${o.schema}.notification WHERE id = $2 AND sealed_at IS NULL FOR NO KEY UPDATE),
    d AS (${insertDeliveries(o, 3, 'n.id')}, n ${unlessTwice} RETURNING id),
    counted AS (
      UPDATE ${o.schema}.notification SET open = open + (SELECT count(*) FROM d)
      WHERE id = (SELECT id FROM n))
    SELECT d.id, EXISTS (SELECT 1 FROM n) AS open FROM (SELECT 1) one LEFT JOIN d ON true`,
)

/**
 * Adds a chunk to an unsealed notification; gives the ids of those that were not there already, or
 * `undefined` where it was sealed meanwhile: by another call with the same key, or as abandoned.
 */
export async function addDeliveries(
  o: Outbox,
  tx: Executor,
  terms: Terms,
  deliveries: readonly NewDelivery[],
): Promise<string[] | undefined> {
  if (deliveries.length === 0) return []
  const rows = await tx.execute<{ id: string | null; open: boolean }>(chunk(o), [
    o.clockOffsetMs(),
    terms.notificationId,
    ...deliveryValues(terms, deliveries),
  ])
  if (rows[0]?.open !== true) return undefined
  return rows.flatMap(({ id }) => (id === null ? [] : [id]))
}

/** Erases what is sensitive in what was to follow a notification, once that is written. */
export async function eraseFollowUp(o: Outbox, tx: Executor, id: string): Promise<void> {
  await tx.execute(
    `UPDATE ${o.schema}.notification
     SET options = jsonb_set(options, '{onCompleted,secret}', '"${erased}"') WHERE id = $1`,
    [id],
  )
}

/**
 * Says that no more deliveries follow. True where all are settled already: it is completed now.
 * `skipped`: those who got none; `undefined`: as it was told before.
 */
export async function sealNotification(
  o: Outbox,
  tx: Executor,
  id: string,
  skipped: Skipped | undefined,
): Promise<boolean> {
  const [row] = await tx.execute<{ completed: boolean }>(
    `UPDATE ${o.schema}.notification
     SET sealed_at = ${now(1)}, skipped = coalesce($3::jsonb, skipped),
       completed_at = CASE WHEN open = 0 THEN ${now(1)} END,
       secret = CASE WHEN open = 0 AND secret IS NOT NULL THEN '${erased}' ELSE secret END
     WHERE id = $2 AND sealed_at IS NULL
     RETURNING completed_at IS NOT NULL AS completed`,
    [o.clockOffsetMs(), id, skipped === undefined ? null : JSON.stringify(skipped)],
  )
  return row?.completed === true
}
