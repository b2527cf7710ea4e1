import type { DataSource } from 'typeorm'
import type { JsonObject } from '../event/json.ts'
import { isSealed } from '../secret/sealer.ts'
import type { AttemptRow, DeliveryRow, NotificationRow, WaitReason } from './entities.ts'
import type { StoredFallback } from './fallback.ts'
import { type DeliveryFilter, order, queryOf } from './filter.ts'
import { notesOf } from './find.ts'
import { erased } from './write.ts'

/** A delivery as operators see it. Secrets in addresses are not shown. */
export interface DeliveryView
  extends Omit<
    DeliveryRow,
    | ('turn' | 'lane' | 'leaseUntil' | 'claims' | 'attemptsBefore' | 'dueAt')
    | ('message' | 'receipt' | 'fallback' | 'zoneUnknown' | 'reason')
  > {
  /** `zone-unknown`: the recipient's own zone is not known, the envoyer's is used. */
  readonly notes: readonly 'zone-unknown'[]
  /** Why it goes, or went, at `sendAt`: `open` where nothing but `at` held it back. */
  readonly reason: WaitReason
}

/** The same with everything that is kept of it. */
export interface DeliveryDetails extends DeliveryView {
  /** The event's context, but for what is sensitive in it. */
  readonly context: JsonObject
  /** What is sensitive is `encrypted` until all of the notification is settled, then `erased`. */
  readonly sensitive: 'encrypted' | 'erased' | null
  /** What was sent, by part; null where it is not kept or not sent yet. */
  readonly message: Record<string, string> | null
  /** What the provider answered. */
  readonly receipt: JsonObject | null
  /** Where it goes, or went, once given up. */
  readonly fallback: readonly Pick<StoredFallback, 'id' | 'channel'>[]
  /** The failed tries, in order. */
  readonly failures: readonly Omit<AttemptRow, 'deliveryId'>[]
}

function shown(address: unknown): DeliveryRow['address'] {
  if (address === null || typeof address !== 'object') return address as DeliveryRow['address']
  if (Array.isArray(address)) return address.map(shown)
  return Object.fromEntries(
    Object.entries(address).map(([key, value]) => [
      key,
      typeof value === 'string' && isSealed(value) ? '•••' : value,
    ]),
  )
}

function toView(row: DeliveryRow): DeliveryView {
  const {
    turn,
    lane,
    leaseUntil,
    attemptsBefore,
    claims,
    dueAt,
    message,
    receipt,
    fallback,
    zoneUnknown,
    reason: stored,
    ...view
  } = row
  const reason = stored ?? 'open'
  return { ...view, address: shown(row.address), notes: notesOf({ zoneUnknown }), reason }
}

/** A page of deliveries, newest first; where they are scheduled, soonest first. */
export async function listDeliveries(
  source: DataSource,
  filter: DeliveryFilter,
  now: Date,
): Promise<DeliveryView[]> {
  const query = queryOf(source, filter, now)
  order(query, filter)
  query.limit(filter.limit ?? 100)
  return (await query.getMany()).map(toView)
}

function sensitivity(secret: string | null): DeliveryDetails['sensitive'] {
  if (secret === null) return null
  return secret === erased ? erased : 'encrypted'
}

/** One delivery with all that is kept of it. */
export async function getDelivery(
  source: DataSource,
  id: string,
): Promise<DeliveryDetails | undefined> {
  const row = await source
    .getRepository<DeliveryRow>('delivery')
    .createQueryBuilder('d')
    .where('d.id = :id', { id })
    .getOne()
  if (!row) return undefined
  const attempts = await source
    .getRepository<AttemptRow>('attempt')
    .createQueryBuilder('a')
    .where('a.deliveryId = :id', { id })
    .orderBy('a.number')
    .getMany()
  const notification = await source
    .getRepository<NotificationRow>('notification')
    .createQueryBuilder('n')
    .where('n.id = :id', { id: row.notificationId })
    .getOneOrFail()
  return {
    ...toView(row),
    context: notification.context,
    sensitive: sensitivity(notification.secret),
    message: row.message,
    receipt: row.receipt,
    fallback: (row.fallback ?? []).map(({ id, channel }) => ({ id, channel })),
    failures: attempts.map(({ deliveryId, ...attempt }) => attempt),
  }
}
