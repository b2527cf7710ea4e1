import type { DataSource, SelectQueryBuilder } from 'typeorm'
import { EnvoyerError } from '../errors.ts'
import type { DeliveryRow } from './entities.ts'
import { isId } from './id.ts'
import { type DeliveryStatus, deliveryStatuses } from './status.ts'

export interface DeliveryFilter {
  /** Its name. */
  readonly event?: string
  /** Its name. */
  readonly channel?: string
  /** One of `pending`, `sending`, `sent`, `failed`, `cancelled`, or several. */
  readonly status?: DeliveryStatus | readonly DeliveryStatus[]
  /** Error code of the last try, where that failed, or several. */
  readonly code?: string | readonly string[]
  /** Error code of any try, or several; also of what was sent afterwards. */
  readonly triedCode?: string | readonly string[]
  /** The backend that had it last. */
  readonly backend?: string
  /** Of one call of `send`. */
  readonly notificationId?: string
  /** A user id that the application gave. */
  readonly user?: string | number
  /** An address, in whole, or several: as each channel normalises it, or the `addressKey` of a delivery. */
  readonly to?: string | readonly string[]
  /** Written then or later. */
  readonly since?: Date
  /** Written before. */
  readonly until?: Date
  /** Settled then or later. */
  readonly settledSince?: Date
  /** Settled before. */
  readonly settledUntil?: Date
  /** Waits, and could have gone before this instant. */
  readonly dueBefore?: Date
  /** True: only those that wait for a later time, soonest first. False: only the others. */
  readonly scheduled?: boolean
  /** Go on after this id (the last of the page before). Of `list` only. */
  readonly after?: string
  /** How many at most. Default 100, at most 1,000. Of `list` only. */
  readonly limit?: number
}

export type Query = SelectQueryBuilder<DeliveryRow>

type Place = 'scheduled' | 'after' | 'limit'

/** In two halves, each of which is an index: what waits is few of many. */
const pending = `(d.turn IS NOT NULL OR (d.status = 'pending' AND d.turn IS NULL))`

const conditions: {
  [Key in Exclude<keyof DeliveryFilter, Place>]-?: (
    query: Query,
    value: NonNullable<DeliveryFilter[Key]>,
  ) => void
} = {
  event: (query, event) => query.andWhere('d.event = :event', { event }),
  channel: (query, channel) => query.andWhere('d.channel = :channel', { channel }),
  status: (query, status) => {
    const wanted = [status].flat()
    if (wanted.length > 1) query.andWhere('d.status IN (:...wanted)', { wanted })
    else if (wanted[0] === 'pending') query.andWhere(pending)
    // Not as a value: only so is it seen to be what an index holds.
    else query.andWhere(`d.status = '${wanted[0]}'`)
  },
  code: (query, code) => query.andWhere('d.errorCode IN (:...code)', { code: [code].flat() }),
  triedCode: (query, triedCode) => {
    const tries = query
      .subQuery()
      .select('t.deliveryId')
      .from('attempt', 't')
      .where('t.code IN (:...triedCode)')
    query.andWhere(`d.id IN ${tries.getQuery()}`, { triedCode: [triedCode].flat() })
  },
  backend: (query, backend) => query.andWhere('d.backend = :backend', { backend }),
  notificationId: (query, id) =>
    query.andWhere('d.notificationId = :notificationId', { notificationId: id }),
  user: (query, user) => query.andWhere(':user = ANY(d.users)', { user: String(user) }),
  to: (query, to) => query.andWhere('d.addressKey IN (:...to)', { to: [to].flat() }),
  since: (query, since) => query.andWhere('d.createdAt >= :since', { since }),
  until: (query, until) => query.andWhere('d.createdAt < :until', { until }),
  settledSince: (query, settledSince) =>
    query.andWhere('d.settledAt >= :settledSince', { settledSince }),
  settledUntil: (query, settledUntil) =>
    query.andWhere('d.settledAt < :settledUntil', { settledUntil }),
  dueBefore: (query, dueBefore) =>
    query.andWhere(pending).andWhere('d.sendAt < :dueBefore', { dueBefore }),
}

const waits = `d.status = 'pending' AND d.turn IS NULL AND d.sendAt > :now`

/** All that a filter says but for the page. It must have been checked. */
export function queryOf(source: DataSource, filter: DeliveryFilter, now: Date): Query {
  const query = source.getRepository<DeliveryRow>('delivery').createQueryBuilder('d')
  const { scheduled, after, limit, ...rest } = filter
  for (const [key, value] of Object.entries(rest)) {
    if (value !== undefined) conditions[key as keyof typeof conditions](query, value as never)
  }
  if (scheduled === true) query.andWhere(waits, { now })
  if (scheduled === false) query.andWhere(`NOT (${waits})`, { now })
  return query
}

/** Puts them in order, and goes on after the last of the page before. */
export function order(query: Query, { scheduled, after }: DeliveryFilter): void {
  if (scheduled !== true) {
    query.orderBy('d.id', 'DESC')
    if (after !== undefined) query.andWhere('d.id < :after', { after })
    return
  }
  query.orderBy('d.sendAt').addOrderBy('d.id')
  if (after === undefined) return
  const last = query.subQuery().select('l.sendAt').from('delivery', 'l').where('l.id = :after')
  query.andWhere(`(d.sendAt, d.id) > (${last.getQuery()}, :after)`, { after })
}

interface Shape {
  is(value: unknown): boolean
  readonly what: string
}

const listOf = ({ is, what }: Shape): Shape => ({
  is: (value) => [value].flat().length > 0 && [value].flat().every(is),
  what: `${what}, or a list of them`,
})
const text: Shape = { is: (value) => typeof value === 'string', what: 'a text' }
const texts = listOf(text)
const status: Shape = {
  is: (value) => deliveryStatuses.includes(value as DeliveryStatus),
  what: `one of ${deliveryStatuses.join(', ')}`,
}
const id: Shape = {
  is: (value) => typeof value === 'string' && isId(value),
  what: 'an id (a UUID)',
}
const date: Shape = {
  is: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
  what: 'a Date',
}

/** What each condition may be. */
const shapes: { [Key in keyof DeliveryFilter]-?: Shape } = {
  event: text,
  channel: text,
  status: listOf(status),
  code: texts,
  triedCode: texts,
  backend: text,
  notificationId: id,
  user: { is: (value) => text.is(value) || typeof value === 'number', what: 'a text or a number' },
  to: texts,
  since: date,
  until: date,
  settledSince: date,
  settledUntil: date,
  dueBefore: date,
  scheduled: { is: (value) => typeof value === 'boolean', what: 'true or false' },
  after: id,
  limit: {
    is: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 1000,
    what: 'a whole number from 1 to 1000',
  },
}

const ofPages = ['after', 'limit']

/** Throws `option-invalid`. `call` says what was called; only a page has `after` and `limit`. */
export function checkFilter(filter: object, call: string): void {
  const isPage = call === 'deliveries.list'
  const names = Object.keys(shapes).filter((name) => isPage || !ofPages.includes(name))
  const problems = Object.entries(filter).flatMap(([key, value]) => {
    if (value === undefined) return []
    if (!names.includes(key))
      return [`${call}: there is no condition \`${key}\`; there are ${names.join(', ')}`]
    const { is, what } = shapes[key as keyof DeliveryFilter]
    return is(value) ? [] : [`${call}: \`${key}\` must be ${what}, not ${JSON.stringify(value)}`]
  })
  if (problems.length > 0) throw new EnvoyerError('option-invalid', problems)
}
