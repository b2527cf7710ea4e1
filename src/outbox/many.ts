import type { DataSource } from 'typeorm'
import { type DeliveryFilter, queryOf } from './filter.ts'
import { type Executor, now, type Outbox } from './outbox.ts'
import type { DeliveryStatus } from './status.ts'

/** So many a transaction. */
const atOnce = 500

/** The database's time, to the microsecond: what was settled a moment ago was settled before it. */
export async function exactNow(o: Outbox, db: Executor): Promise<string> {
  const [row] = await db.execute<{ now: string }>(`SELECT ${now(1)}::text AS now`, [
    o.clockOffsetMs(),
  ])
  return row!.now
}

/** How many deliveries fit a filter. */
export async function countDeliveries(
  source: DataSource,
  filter: DeliveryFilter,
  now: Date,
): Promise<number> {
  return queryOf(source, filter, now).getCount()
}

/** A filter of deliveries in one state. */
type FilterOf<Status extends DeliveryStatus> = DeliveryFilter & { readonly status: Status }

/** When a walk was begun: as windows of time are read by, and exactly. */
export interface Begun {
  readonly now: Date
  readonly begun: string
}

export interface FailedPage {
  readonly ids: readonly string[]
  readonly channels: readonly string[]
  readonly last: FailedPlace
}

/** Where to go on: the times of the database are finer than those of a Date. */
export interface FailedPlace {
  readonly settledAt: string
  readonly id: string
}

/**
 * A page of failed deliveries, those that failed first first. None that failed after it was begun: what is
 * tried again and fails once more is not found a second time.
 */
export async function failedPage(
  source: DataSource,
  filter: FilterOf<'failed'>,
  { now, begun }: Begun,
  after: FailedPlace | undefined,
): Promise<FailedPage | undefined> {
  const query = queryOf(source, filter, now)
    .andWhere('d.settledAt <= :begun::timestamptz', { begun })
    .select(['d.id AS id', 'd.channel AS channel', 'd.settled_at::text AS "settledAt"'])
    .orderBy('d.settledAt')
    .addOrderBy('d.id')
    .limit(atOnce)
  if (after) query.andWhere('(d.settledAt, d.id) > (:settledAt::timestamptz, :id::uuid)', after)
  const rows = await query.getRawMany<{ id: string; channel: string; settledAt: string }>()
  if (rows.length === 0) return undefined
  const { settledAt, id } = rows.at(-1)!
  const channels = [...new Set(rows.map(({ channel }) => channel))]
  return { ids: rows.map((row) => row.id), channels, last: { settledAt, id } }
}

/** Deliveries that wait, written before it was begun: more may come for as long as somebody sends. */
export async function waitingPage(
  source: DataSource,
  filter: FilterOf<'pending'>,
  { now, begun }: Begun,
): Promise<string[]> {
  const rows = await queryOf(source, filter, now)
    .andWhere('d.createdAt <= :begun::timestamptz', { begun })
    .select('d.id AS id')
    .limit(atOnce)
    .getRawMany<{ id: string }>()
  return rows.map(({ id }) => id)
}
