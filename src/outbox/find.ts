import type { Skipped } from '../recipient/skip.ts'
import type { WaitReason } from './entities.ts'
import { type Executor, now, type Outbox } from './outbox.ts'
import type { DeliveryStatus } from './status.ts'

export interface FoundNotification {
  readonly id: string
  readonly keyHash: string
  readonly sealed: boolean
  readonly skipped: Skipped
}

/** The notification of an idempotency key, read through the caller's transaction where there is one. */
export async function findByKey(
  o: Outbox,
  tx: Executor,
  event: string,
  key: string,
): Promise<FoundNotification | undefined> {
  const [row] = await tx.execute<FoundNotification & Record<string, unknown>>(
    `SELECT id, key_hash AS "keyHash", sealed_at IS NOT NULL AS sealed, skipped
     FROM ${o.schema}.notification WHERE event = $1 AND key = $2`,
    [event, key],
  )
  return row
}

/** A delivery as `send` tells of it. */
export interface QueuedDelivery {
  readonly id: string
  readonly channel: string
  /** The normalised address; without secrets. */
  readonly to: string
  readonly users: readonly string[]
  readonly locale: string
  /** The zone whose wall clock the windows are read by. */
  readonly zone: string
  /** When it goes; null: at once, or never, as `reason` says. */
  readonly sendAt: Date | null
  /** Why then: `open` where nothing holds it back. */
  readonly reason: WaitReason
  /** `zone-unknown`: the recipient's own zone is not known, the envoyer's is used. */
  readonly notes: readonly 'zone-unknown'[]
}

export const notesOf = ({ zoneUnknown }: { readonly zoneUnknown: boolean }) =>
  zoneUnknown ? (['zone-unknown'] as const) : []

/** A page of a notification's deliveries, in the order of their ids. */
export async function deliveriesOf(
  o: Outbox,
  tx: Executor,
  notificationId: string,
  after: string,
  limit: number,
): Promise<QueuedDelivery[]> {
  const rows = await tx.execute<QueuedDelivery & { zoneUnknown: boolean }>(
    `SELECT id, channel, address_key AS to, users, locale, zone,
       CASE WHEN send_at > created_at THEN send_at END AS "sendAt", coalesce(reason, 'open') AS reason, zone_unknown AS "zoneUnknown"
     FROM ${o.schema}.delivery
     WHERE notification_id = $1 AND resend_of IS NULL AND fallback_of IS NULL AND id > $2
     ORDER BY id LIMIT $3`,
    [notificationId, after, limit],
  )
  return rows.map(({ zoneUnknown, ...row }) => ({ ...row, notes: notesOf({ zoneUnknown }) }))
}

export async function countOf(o: Outbox, tx: Executor, notificationId: string): Promise<number> {
  const [row] = await tx.execute<{ count: string }>(
    `SELECT count(*) FROM ${o.schema}.delivery WHERE notification_id = $1
       AND resend_of IS NULL AND fallback_of IS NULL`,
    [notificationId],
  )
  return Number(row?.count)
}

/** How many deliveries of a notification each channel has. */
export async function countsByChannel(
  o: Outbox,
  tx: Executor,
  notificationId: string,
): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.execute<{ channel: string; count: number }>(
    `SELECT channel, count(*)::int FROM ${o.schema}.delivery WHERE notification_id = $1
       AND resend_of IS NULL AND fallback_of IS NULL GROUP BY channel`,
    [notificationId],
  )
  return new Map(rows.map(({ channel, count }) => [channel, count]))
}

export interface NotificationState {
  readonly completed: boolean
  /** False while its `send` is writing it, and where that has broken off. */
  readonly sealed: boolean
  /** Deliveries by status. */
  readonly counts: Readonly<Partial<Record<DeliveryStatus, number>>>
}

/** How far a notification is; `undefined` where there is none. */
export async function stateOf(
  o: Outbox,
  tx: Executor,
  id: string,
): Promise<NotificationState | undefined> {
  const [row] = await tx.execute<NotificationState & Record<string, unknown>>(
    `SELECT n.completed_at IS NOT NULL AS completed, n.sealed_at IS NOT NULL AS sealed,
       (SELECT coalesce(jsonb_object_agg(status, count), '{}') FROM (
          SELECT status, count(*) FROM (
            SELECT status FROM ${o.schema}.delivery
            WHERE notification_id = $1 AND resend_of IS NULL
            UNION ALL SELECT status FROM ${o.schema}.delivery
            WHERE notification_id = $1 AND resend_of IS NOT NULL) d
          GROUP BY status) s) AS counts
     FROM ${o.schema}.notification n WHERE id = $1`,
    [id],
  )
  return row
}

/** What the tries of a notification's open deliveries last ended with: the commonest. */
export async function troubleOf(o: Outbox, tx: Executor, id: string): Promise<string | undefined> {
  const [row] = await tx.execute<{ code: string; text: string }>(
    `SELECT error_code AS code, min(error_text) AS text FROM ${o.schema}.delivery
     WHERE notification_id = $1 AND status IN ('pending', 'sending') AND error_code IS NOT NULL
     GROUP BY error_code ORDER BY count(*) DESC LIMIT 1`,
    [id],
  )
  return row && `${row.code}: ${row.text}`
}

/** That a notification has deliveries in a channel that are not settled. */
export interface OpenChannel {
  readonly channel: string
  /** When the next of them is due; null where some are due or being sent. */
  readonly notBefore: Date | null
}

export async function openChannels(o: Outbox, tx: Executor, id: string): Promise<OpenChannel[]> {
  return tx.execute<OpenChannel & Record<string, unknown>>(
    `SELECT channel, CASE WHEN min(send_at) > ${now(2)} THEN min(send_at) END AS "notBefore"
     FROM ${o.schema}.delivery WHERE notification_id = $1 AND status IN ('pending', 'sending')
     GROUP BY channel ORDER BY channel`,
    [id, o.clockOffsetMs()],
  )
}

/** Whether a notification has come to its end, looked up without counting. */
export async function isCompleted(
  o: Outbox,
  tx: Executor,
  id: string,
): Promise<boolean | undefined> {
  const [row] = await tx.execute<{ completed: boolean }>(
    `SELECT completed_at IS NOT NULL AS completed FROM ${o.schema}.notification WHERE id = $1`,
    [id],
  )
  return row?.completed
}
