import type { AfterDeadline } from '../availability/timing.ts'
import type { Json, JsonObject } from '../event/json.ts'
import { now } from './outbox.ts'

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

/** Of a group, all; else the one. */
export function recipientsOf({ recipient }: Pick<Claimed, 'recipient'>): readonly JsonObject[] {
  return Array.isArray(recipient) ? recipient : [recipient as JsonObject]
}

const ms = (time: string) => `date_part('epoch', ${time}) * 1000`

/** What is read of a row that was claimed, in forms that cost little to read. */
export const claimedColumns = `
  id, notification_id, event, lane, urgent, recipient, array_to_json(users) AS users, address, locale,
  zone, attempts, claims, attempts_before, immediate, deadline_at,
  CASE WHEN not_before > ${now(1)} THEN not_before END AS not_before,
  ${ms('send_at')} AS send_ms, ${ms('created_at')} AS created_ms, ${ms(`${now(1)} - due_at`)} AS elapsed_ms,
  ${ms(now(1))} AS claimed_ms`

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
  send_ms: number
  elapsed_ms: number
  created_ms: number
  claimed_ms: number
  not_before: Date | null
  deadline_at: Date | null
  immediate: boolean
  context: JsonObject | null
  secret: string | null
  options: JsonObject | null
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
