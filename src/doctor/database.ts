import { randomBytes } from 'node:crypto'
import type { Observation } from '../channel/backend.ts'
import type { OwnDatabase } from '../database/contract.ts'
import { checkMigrations } from '../database/migrate.ts'
import { keepsStatements } from '../database/sessions.ts'
import { EnvoyerError } from '../errors.ts'
import type { Configuration } from '../option/configuration.ts'
import { createOutbox } from '../outbox/outbox.ts'
import { listWorkers, type WorkerView } from '../outbox/worker-row.ts'
import { type Check, isTableMissing } from './finding.ts'

/** NOTIFY takes milliseconds. */
const heardWithinMs = 2000
/** Less than this is no wrong clock. */
const apartMs = 2000

export async function seeDatabase(
  { databaseUrl, directory = '.envoyer' }: Configuration,
  database: OwnDatabase,
): Promise<Observation> {
  const [row] = await database.execute<{ version: string }>(
    `SELECT current_setting('server_version') AS version`,
  )
  const version = `PostgreSQL ${row!.version}`
  if (databaseUrl === undefined) {
    const place = directory === 'memory' ? 'in memory' : `in ${directory}`
    return { level: 'ok', message: `The embedded database (${version}) ${place} is open.` }
  }
  const { host, pathname } = new URL(databaseUrl)
  return { level: 'ok', message: `${version} answers at ${host}${pathname}.` }
}

interface DatabaseCheck {
  readonly name: string
  look(configuration: Configuration, database: OwnDatabase): Promise<Observation>
  /** There is nothing of it in the embedded database. */
  readonly ofServer?: true
}

const checks: readonly DatabaseCheck[] = [
  { name: 'schema', look: seeSchema },
  { name: 'notify', look: seeNotify },
  { name: 'worker', look: seeWorkers },
  { name: 'prepared-statements', look: (_, database) => seePrepared(database), ofServer: true },
  { name: 'clock', look: (_, database) => seeClock(database), ofServer: true },
]

const checksOf = ({ databaseUrl }: Configuration) =>
  checks.filter(({ ofServer }) => !ofServer || databaseUrl !== undefined)

/** What is looked at in a database that can be reached. */
export function databaseChecks(configuration: Configuration, database: OwnDatabase): Check[] {
  return checksOf(configuration).map(({ name, look }) => ({
    name,
    look: () => look(configuration, database),
  }))
}

/** The same, where it cannot be reached: they are not forgotten. */
export function unreachedChecks(configuration: Configuration): Check[] {
  const message = 'The database cannot be reached.'
  const look = async (): Promise<Observation> => ({ level: 'skipped', message })
  return checksOf(configuration).map(({ name }) => ({ name, look }))
}

async function seeWorkers(
  { schema, channels }: Configuration,
  database: OwnDatabase,
): Promise<Observation> {
  let workers: readonly WorkerView[]
  try {
    workers = await listWorkers(
      createOutbox(schema, () => 0),
      database,
    )
  } catch (thrown) {
    if (!isTableMissing(thrown)) throw thrown
    return { level: 'skipped', message: 'There are no tables yet.' }
  }
  const alive = workers.filter((worker) => worker.alive)
  const unserved = Object.keys(channels).filter(
    (name) => !alive.some((worker) => worker.channels.includes(name)),
  )
  const count = alive.length === 1 ? '1 worker is' : `${alive.length} workers are`
  if (unserved.length === 0) return { level: 'ok', message: `${count} alive, for every channel.` }
  return {
    level: 'warning',
    message: `${count} alive, and none serves ${unserved.join(', ')}: what is written for it waits.`,
    remedy: 'Run `envoyer worker`, or `await envoyer.worker()` in the application.',
  }
}

async function seeSchema(
  { schema, migrations }: Configuration,
  database: OwnDatabase,
): Promise<Observation> {
  try {
    await checkMigrations(database, schema)
    return { level: 'ok', message: `The tables in the schema ${schema} are up to date.` }
  } catch (thrown) {
    if (!(thrown instanceof EnvoyerError) || thrown.code !== 'schema-old') throw thrown
    const [problem] = thrown.problems
    if (migrations === 'run') {
      const when = 'They are brought up to date when the envoyer is first used.'
      return {
        level: 'ok',
        message: `The tables in the schema ${schema} are old. ${problem} ${when}`,
      }
    }
    return {
      level: 'error',
      message: `The tables in the schema ${schema} are missing or old. ${problem}`,
      remedy: 'Run `envoyer migrate` (or `await envoyer.migrate()`) once, from a deploy step.',
    }
  }
}

async function seeNotify(
  { schema, redisUrl }: Configuration,
  database: OwnDatabase,
): Promise<Observation> {
  const topic = `${schema}_doctor_${randomBytes(6).toString('hex')}`
  let timer: NodeJS.Timeout | undefined
  let stop: (() => Promise<void>) | undefined
  const heard = await new Promise<boolean>((resolve, reject) => {
    const ask = async () => {
      stop = await database.listen(topic, () => resolve(true))
      timer = setTimeout(resolve, heardWithinMs, false)
      await database.execute('SELECT pg_notify($1, $2)', [topic, ''])
    }
    ask().catch(reject)
  })
  clearTimeout(timer)
  await stop?.()
  if (heard) return { level: 'ok', message: 'NOTIFY is heard: workers are told of work at once.' }
  const meanwhile =
    redisUrl === undefined
      ? 'All still works: workers look for work by themselves at least once a second, so that messages of other processes go up to a second later; changed settings are seen within five.'
      : 'All still works: Redis tells workers of what is sent. What is sent in a transaction of your own goes up to a second later, and changed settings are seen within five.'
  return {
    level: 'warning',
    message: `NOTIFY was not heard within ${heardWithinMs / 1000} s, as behind a connection pooler in transaction mode. ${meanwhile}`,
    remedy:
      'Let `databaseUrl` (ENVOYER_DATABASE_URL) of workers lead to PostgreSQL itself, or to a pooler in session mode.',
  }
}

async function seePrepared(database: OwnDatabase): Promise<Observation> {
  const kept = await keepsStatements(database)
  if (kept) return { level: 'ok', message: 'Statements stay prepared between transactions.' }
  if (kept === undefined) {
    const message = 'Whether statements stay prepared was not found out: no answer came in time.'
    return { level: 'warning', message, remedy: 'Try again while the database has less to do.' }
  }
  return {
    level: 'warning',
    message:
      'The connection pooler before PostgreSQL keeps no prepared statements. All still works; each statement is planned when it is run, which costs time.',
    remedy:
      'Use PgBouncer 1.21 or newer with `max_prepared_statements`, or connect to PostgreSQL itself.',
  }
}

async function seeClock(database: OwnDatabase): Promise<Observation> {
  const asked = { at: Date.now(), ran: performance.now() }
  const [row] = await database.execute<{ ms: number }>(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
  )
  const unsureMs = (performance.now() - asked.ran) / 2
  const apart = row!.ms - (asked.at + unsureMs)
  const seconds = `${Math.abs(apart / 1000).toFixed(1)} s`
  if (Math.abs(apart) <= apartMs + unsureMs) {
    return { level: 'ok', message: "This process's clock and the database's show the same time." }
  }
  return {
    level: 'warning',
    message: `This process's clock is ${seconds} ${apart > 0 ? 'behind' : 'ahead of'} the database's. Messages go by the database's; only what the application itself reads is wrong.`,
    remedy: 'Set the clocks of both machines by NTP.',
  }
}
