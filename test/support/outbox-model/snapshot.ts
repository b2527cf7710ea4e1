import type { Executor, Outbox } from '../../../src/outbox/outbox.ts'
import type { DeliveryStatus } from '../../../src/outbox/status.ts'

/** All that the database holds at one instant. Times are milliseconds since the case began. */
export interface Snapshot {
  readonly notifications: readonly SeenNotification[]
  readonly deliveries: readonly SeenDelivery[]
  readonly buckets: readonly SeenBucket[]
}

export interface SeenNotification {
  readonly id: string
  readonly open: number
  readonly sealed: boolean
  readonly completed: boolean
  readonly secret: string | null
}

export interface SeenDelivery {
  readonly id: string
  readonly notification: string
  readonly resendOf: string | null
  readonly fallbackOf: string | null
  readonly lane: string
  readonly event: string
  readonly channel: string
  readonly urgent: boolean
  readonly addressKey: string
  readonly status: DeliveryStatus
  readonly turn: number | null
  readonly sendAt: number
  readonly dueAt: number
  readonly leaseUntil: number | null
  readonly attempts: number
  readonly claims: number
  readonly attemptsBefore: number
  /** The numbers of its failed tries. */
  readonly tries: readonly number[]
}

export interface SeenBucket {
  readonly name: string
  /** What it holds by now. */
  readonly tokens: number | null
  readonly blockedUntil: number | null
}

const ms = (column: string) => `extract(epoch FROM ${column}) * 1000 - $1::float8`

const statement = ({ schema }: Outbox) => `
  SELECT
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'open', open, 'secret', secret,
       'sealed', sealed_at IS NOT NULL, 'completed', completed_at IS NOT NULL) ORDER BY id), '[]')
     FROM ${schema}.notification) AS notifications,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'notification', notification_id,
       'resendOf', resend_of, 'fallbackOf', fallback_of, 'lane', lane, 'event', event,
       'channel', channel, 'urgent', urgent, 'addressKey', address_key, 'status', status,
       'turn', turn, 'sendAt', ${ms('send_at')}, 'dueAt', ${ms('due_at')},
       'leaseUntil', ${ms('lease_until')}, 'attempts', attempts, 'claims', claims,
       'attemptsBefore', attempts_before,
       'tries', (SELECT coalesce(jsonb_agg(number ORDER BY number), '[]')
                 FROM ${schema}.attempt WHERE delivery_id = d.id)) ORDER BY id), '[]')
     FROM ${schema}.delivery d) AS deliveries,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('name', name, 'blockedUntil', ${ms('blocked_until')},
       'tokens', least(capacity, tokens + per_second * greatest(0, extract(epoch FROM
         now() + $2::float8 * interval '1 ms' - refilled_at)))) ORDER BY name), '[]')
     FROM ${schema}.bucket) AS buckets`

export async function takeSnapshot(o: Outbox, db: Executor, beganAt: number): Promise<Snapshot> {
  const [row] = await db.execute<Snapshot>(statement(o), [beganAt, o.clockOffsetMs()])
  return row!
}
