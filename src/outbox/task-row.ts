import { type Executor, now, type Outbox } from './outbox.ts'

/** A task in a worker's hands. `until` is the fence: it is ended under this lease. */
export interface ClaimedTask {
  readonly name: string
  readonly until: string
}

/** Makes tasks known; those that are known already keep their time. New ones are due at once. */
export async function addTasks(o: Outbox, db: Executor, names: readonly string[]): Promise<void> {
  await db.execute(
    `INSERT INTO ${o.schema}.task (name, due_at)
     SELECT name, ${now(1)} FROM UNNEST($2::text[]) AS t (name) ORDER BY name
     ON CONFLICT (name) DO NOTHING`,
    [o.clockOffsetMs(), names],
  )
}

/** Takes a task that is due and in nobody's hands, the longest due first. */
export async function claimTask(
  o: Outbox,
  db: Executor,
  names: readonly string[],
  leaseMs: number,
): Promise<ClaimedTask | undefined> {
  const [row] = await db.execute<ClaimedTask & Record<string, unknown>>(
    `UPDATE ${o.schema}.task SET running_until = ${now(1)} + $3::float8 * interval '1 ms'
     WHERE name = (
       SELECT name FROM ${o.schema}.task
       WHERE name = ANY($2) AND due_at <= ${now(1)}
         AND (running_until IS NULL OR running_until < ${now(1)})
       ORDER BY due_at, name LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING name, running_until::text AS until`,
    [o.clockOffsetMs(), names, leaseMs],
  )
  return row
}

const whereHeld = 'name = $2 AND running_until = $3::timestamptz'

/** Prolongs a lease. `undefined` where somebody else has the task by now. */
export async function renewTask(
  o: Outbox,
  db: Executor,
  task: ClaimedTask,
  leaseMs: number,
): Promise<ClaimedTask | undefined> {
  const [row] = await db.execute<ClaimedTask & Record<string, unknown>>(
    `UPDATE ${o.schema}.task SET running_until = ${now(1)} + $4::float8 * interval '1 ms'
     WHERE ${whereHeld} RETURNING name, running_until::text AS until`,
    [o.clockOffsetMs(), task.name, task.until, leaseMs],
  )
  return row
}

/** Puts a task down; it is due again in `delayMs`. */
export async function endTask(
  o: Outbox,
  db: Executor,
  task: ClaimedTask,
  delayMs: number,
): Promise<void> {
  await db.execute(
    `UPDATE ${o.schema}.task
     SET running_until = NULL, due_at = ${now(1)} + $4::float8 * interval '1 ms'
     WHERE ${whereHeld}`,
    [o.clockOffsetMs(), task.name, task.until, delayMs],
  )
}

/** Removes what has lost its meaning: dead workers, old counts, pauses of lanes that are over. */
export async function tidy(o: Outbox, db: Executor): Promise<void> {
  const offset = [o.clockOffsetMs()]
  await db.execute(`DELETE FROM ${o.schema}.worker WHERE seen_at < now() - interval '1 day'`)
  await db.execute(`DELETE FROM ${o.schema}.tally WHERE at < ${now(1)} - interval '1 day'`, offset)
  await db.execute(
    `DELETE FROM ${o.schema}.bucket
     WHERE name LIKE 'lane:%' AND capacity IS NULL AND blocked_until < ${now(1)} - interval '1 day'`,
    offset,
  )
}
