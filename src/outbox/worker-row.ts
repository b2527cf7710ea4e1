import type { WorkerRow } from './operation-entities.ts'
import type { Executor, Outbox } from './outbox.ts'

/** How old the last sign of a worker that lives can be. It gives one every five seconds. */
const aliveMs = 15_000

export type WorkerSign = Pick<
  WorkerRow,
  'id' | 'host' | 'pid' | 'version' | 'channels' | 'inFlight'
>

/** A worker as the database knows it. */
export interface WorkerView extends WorkerRow {
  /** It has given a sign within the last 15 s. */
  readonly alive: boolean
}

/**
 * Says that a worker is there. By the database's own clock, whatever that of a test shows: whether a
 * process lives does not depend on it.
 */
export async function signOn(o: Outbox, db: Executor, sign: WorkerSign): Promise<void> {
  await db.execute(
    `INSERT INTO ${o.schema}.worker
       (id, host, pid, version, started_at, seen_at, channels, in_flight)
     VALUES ($1, $2, $3, $4, now(), now(), $5, $6)
     ON CONFLICT (id) DO UPDATE SET seen_at = now(), in_flight = excluded.in_flight`,
    [sign.id, sign.host, sign.pid, sign.version, sign.channels, sign.inFlight],
  )
}

/** Says that a worker has stopped. */
export async function signOff(o: Outbox, db: Executor, id: string): Promise<void> {
  await db.execute(`DELETE FROM ${o.schema}.worker WHERE id = $1`, [id])
}

export async function listWorkers(o: Outbox, db: Executor): Promise<WorkerView[]> {
  return db.execute<WorkerView & Record<string, unknown>>(
    `SELECT id, host, pid, version, started_at AS "startedAt", seen_at AS "seenAt", channels,
       in_flight AS "inFlight", seen_at > now() - ${aliveMs} * interval '1 ms' AS alive
     FROM ${o.schema}.worker ORDER BY started_at, id`,
  )
}
