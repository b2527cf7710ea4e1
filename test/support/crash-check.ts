import type { CrashChild } from './crash-child.ts'
import type { Acknowledged } from './crash-messages.ts'
import type { CrashSite } from './crash-site.ts'

interface DeliveryRow {
  readonly id: string
  readonly status: string
  readonly attempts: number
  /** Rows of `attempt`: tries that are known to have failed. */
  readonly failed: number
}

interface NotificationRow {
  readonly id: string
  /** As many deliveries as it was sent with. */
  readonly size: number
  readonly deliveries: number
  readonly unsettled: number
  readonly open: number
  readonly sealed: boolean
  readonly completed: boolean
}

/** What is wrong after a crash; every list is empty where the promise was kept. */
export interface Findings {
  readonly lost: readonly string[]
  /** Ids that the sink received more than once, each as often as it came too often. */
  readonly duplicated: readonly string[]
  readonly wrong: readonly string[]
}

/** Of those that are due: what is scheduled is there to be counted, and never sent. */
const deliveriesSql = (schema: string) => `
  SELECT d.id, d.status, d.attempts,
    (SELECT count(*) FROM ${schema}.attempt a WHERE a.delivery_id = d.id)::int AS failed
  FROM ${schema}.delivery d WHERE d.send_at <= now()`

const notificationsSql = (schema: string) => `
  SELECT n.id, (n.context ->> 'size')::int AS size, count(d.id)::int AS deliveries,
    count(d.id) FILTER (WHERE d.status IN ('pending', 'sending'))::int AS unsettled,
    n.open, n.sealed_at IS NOT NULL AS sealed, n.completed_at IS NOT NULL AS completed
  FROM ${schema}.notification n LEFT JOIN ${schema}.delivery d ON d.notification_id = n.id
  GROUP BY n.id`

/** Ids of what is claimed and not settled, by the database. */
export async function inFlightIds(site: CrashSite, child: CrashChild): Promise<Set<string>> {
  const sql = `SELECT id FROM ${site.schema}.delivery WHERE status = 'sending'`
  return new Set((await site.ask<{ id: string }>(child, sql)).map(({ id }) => id))
}

/** How many deliveries are due or being sent, by status. */
export async function unsettled(
  site: CrashSite,
  child: CrashChild,
): Promise<readonly { status: string; count: number }[]> {
  return site.ask(
    child,
    `SELECT status, count(*)::int AS count FROM ${site.schema}.delivery
     WHERE status = 'sending' OR (status = 'pending' AND send_at < now() + interval '10 min')
     GROUP BY status ORDER BY status`,
  )
}

/** What a kill is forgiven. */
export interface Allowed {
  /** What may arrive twice, and be tried twice for it. */
  readonly twice: ReadonlySet<string>
  /** How many attempts anything else may take. */
  readonly attempts: number
}

/** Holds what the database and the sink say against what was acknowledged. */
export async function examine(
  site: CrashSite,
  child: CrashChild,
  acknowledged: readonly Acknowledged[],
  allowed: Allowed,
): Promise<Findings> {
  const { received } = site.sink
  const due = await site.ask<DeliveryRow>(child, deliveriesSql(site.schema))
  const notifications = await site.ask<NotificationRow>(child, notificationsSql(site.schema))
  const rows = new Map(due.map((row) => [row.id, row]))
  const known = new Set(notifications.map(({ id }) => id))
  const lost = [
    ...acknowledged.flatMap(({ notificationId }) =>
      known.has(notificationId) ? [] : [`notification ${notificationId}`],
    ),
    ...acknowledged
      .flatMap(({ deliveries }) => deliveries)
      .filter((id) => rows.get(id)?.status !== 'sent' || !received.has(id)),
  ]
  const duplicated = [...received].flatMap(([id, times]) =>
    Array.from({ length: times - 1 }, () => id),
  )
  const wrong = [
    ...[...rows.values()].flatMap((row) => problemsOf(row, received.get(row.id) ?? 0, allowed)),
    ...notifications.flatMap(problemsOfNotification),
    ...[...received.keys()].filter((id) => !rows.has(id)).map((id) => `${id}: sent, not written`),
    ...duplicated.filter((id) => !allowed.twice.has(id)).map((id) => `${id}: twice, not in flight`),
  ]
  return { lost, duplicated, wrong }
}

function problemsOf(
  { id, status, attempts, failed }: DeliveryRow,
  times: number,
  allowed: Allowed,
): string[] {
  const told = [
    status !== 'sent' && `is ${status}`,
    status === 'sent' && times === 0 && 'is sent, but never arrived',
    attempts !== failed + 1 && `has ${attempts} attempts, of which ${failed} are known as failed`,
    attempts > (allowed.twice.has(id) ? 2 : allowed.attempts) && `needed ${attempts} attempts`,
    times > attempts && `arrived ${times} times in ${attempts} attempts`,
  ]
  return told.filter((text) => text !== false).map((text) => `${id}: ${text}`)
}

function problemsOfNotification(row: NotificationRow): string[] {
  const { id, size, deliveries, unsettled, open, sealed, completed } = row
  const told = [
    deliveries !== size && `has ${deliveries} of ${size} deliveries`,
    !sealed && 'is not sealed',
    open !== unsettled && `counts ${open} open deliveries, not ${unsettled}`,
    completed !== (unsettled === 0) && (completed ? 'completed too early' : 'never completed'),
  ]
  return told.filter((text) => text !== false).map((text) => `notification ${id}: ${text}`)
}
