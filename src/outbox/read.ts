import type { DataSource, SelectQueryBuilder } from 'typeorm'
import { EnvoyerError } from '../errors.ts'
import type { JsonObject } from '../event/json.ts'
import { isSealed } from '../secret/sealer.ts'
import {
  type AttemptRow,
  attemptEntity,
  type DeliveryRow,
  type DeliveryStatus,
  deliveryEntity,
  notificationEntity,
  type WaitReason,
} from './entities.ts'
import type { StoredFallback } from './fallback.ts'
import { notesOf } from './find.ts'
import { isId } from './id.ts'
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

export interface DeliveryFilter {
  /** Its name. */
  readonly event?: string
  /** Its name. */
  readonly channel?: string
  /** One of `pending`, `sending`, `sent`, `failed`, `cancelled`, or several. */
  readonly status?: DeliveryStatus | readonly DeliveryStatus[]
  /** Error code of the last failed try. */
  readonly code?: string
  /** Of one call of `send`. */
  readonly notificationId?: string
  /** A user id that the application gave. */
  readonly user?: string | number
  /** A normalised address, in whole: the `addressKey` of a delivery. */
  readonly to?: string
  /** Written then or later. */
  readonly since?: Date
  /** Written before. */
  readonly until?: Date
  /** True: only those that wait for a later time, soonest first. False: only the others. */
  readonly scheduled?: boolean
  /** Go on after this id (the last of the page before). */
  readonly after?: string
  /** How many at most. Default 100, at most 1,000. */
  readonly limit?: number
}

type Query = SelectQueryBuilder<DeliveryRow>

type Place = 'scheduled' | 'after'

const conditions: {
  [Key in Exclude<keyof DeliveryFilter, Place>]-?: (
    query: Query,
    value: NonNullable<DeliveryFilter[Key]>,
  ) => void
} = {
  event: (query, event) => query.andWhere('d.event = :event', { event }),
  channel: (query, channel) => query.andWhere('d.channel = :channel', { channel }),
  status: (query, status) =>
    query.andWhere('d.status IN (:...status)', { status: [status].flat() }),
  code: (query, code) => query.andWhere('d.errorCode = :code', { code }),
  notificationId: (query, id) =>
    query.andWhere('d.notificationId = :notificationId', { notificationId: id }),
  user: (query, user) => query.andWhere(':user = ANY(d.users)', { user: String(user) }),
  to: (query, to) => query.andWhere('d.addressKey = :to', { to }),
  since: (query, since) => query.andWhere('d.createdAt >= :since', { since }),
  until: (query, until) => query.andWhere('d.createdAt < :until', { until }),
  limit: (query, limit) => query.limit(Math.min(1000, Math.max(1, limit))),
}

const waits = `d.status = 'pending' AND d.turn IS NULL AND d.sendAt > :now`

/** Puts them in order, and goes on after the last of the page before. */
function order(query: Query, { scheduled, after }: Pick<DeliveryFilter, Place>, now: Date): void {
  if (scheduled !== true) {
    query.orderBy('d.id', 'DESC')
    if (scheduled === false) query.andWhere(`NOT (${waits})`, { now })
    if (after !== undefined) query.andWhere('d.id < :after', { after })
    return
  }
  query.andWhere(waits, { now }).orderBy('d.sendAt').addOrderBy('d.id')
  if (after === undefined) return
  const last = query.subQuery().select('l.sendAt').from(deliveryEntity, 'l').where('l.id = :after')
  query.andWhere(`(d.sendAt, d.id) > (${last.getQuery()}, :after)`, { after })
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

const statuses: readonly string[] = ['pending', 'sending', 'sent', 'failed', 'cancelled']

const isDate = (value: unknown) => value instanceof Date && !Number.isNaN(value.getTime())
const isIdText = (value: unknown) => typeof value === 'string' && isId(value)
const isText = (value: unknown) => typeof value === 'string'

/** What each condition may be. */
const allowed: { [Key in keyof DeliveryFilter]-?: (value: unknown) => boolean } = {
  event: isText,
  channel: isText,
  status: (value) =>
    [value].flat().length > 0 && [value].flat().every((s) => statuses.includes(s as string)),
  code: isText,
  notificationId: isIdText,
  user: (value) => isText(value) || typeof value === 'number',
  to: isText,
  since: isDate,
  until: isDate,
  scheduled: (value) => typeof value === 'boolean',
  after: isIdText,
  limit: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 1000,
}

function checkFilter(filter: object): void {
  const problems = Object.entries(filter)
    .filter(([key, value]) => value !== undefined && !allowed[key as keyof DeliveryFilter]?.(value))
    .map(([key, value]) =>
      key in allowed
        ? `deliveries.list: \`${key}\` cannot be ${JSON.stringify(value)}`
        : `deliveries.list: there is no condition \`${key}\`; there are ${Object.keys(allowed).join(', ')}`,
    )
  if (problems.length > 0) throw new EnvoyerError('option-invalid', problems)
}

/** A page of deliveries, newest first; where they are scheduled, soonest first. */
export async function listDeliveries(
  source: DataSource,
  filter: DeliveryFilter,
  now: Date,
): Promise<DeliveryView[]> {
  checkFilter(filter)
  const query = source.getRepository(deliveryEntity).createQueryBuilder('d').limit(100)
  const { scheduled, after, ...rest } = filter
  for (const [key, value] of Object.entries(rest)) {
    if (value === undefined) continue
    conditions[key as keyof typeof conditions](query, value as never)
  }
  order(query, { scheduled, after } as Pick<DeliveryFilter, Place>, now)
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
    .getRepository(deliveryEntity)
    .createQueryBuilder('d')
    .where('d.id = :id', { id })
    .getOne()
  if (!row) return undefined
  const attempts = await source
    .getRepository(attemptEntity)
    .createQueryBuilder('a')
    .where('a.deliveryId = :id', { id })
    .orderBy('a.number')
    .getMany()
  const notification = await source
    .getRepository(notificationEntity)
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
