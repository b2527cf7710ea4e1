import type { QueryRunner } from 'typeorm'
import { EnvoyerError } from '../errors.ts'
import type { Database, OwnDatabase } from './contract.ts'
import { withoutTimeLimit } from './embedded/without-time-limit.ts'
import { ensureIdentity } from './identity.ts'
import { migrationsTable } from './options.ts'

/** Names our lock among the advisory locks of a database that is not ours alone. */
const lockId = 0x656e766f // "envo"

/**
 * Creates the schema and brings its tables up to date, in one transaction under a lock: of two
 * processes that try at once, the second finds nothing left to do. Gives the migrations that ran.
 */
export async function runMigrations(database: OwnDatabase, schema: string): Promise<string[]> {
  return inLockedTransaction(database, async (runner) => {
    await runner.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
    const executor = await executorOf(database, runner)
    const ran = await executor.executePendingMigrations()
    await ensureIdentity(through(runner), schema)
    return ran.map(({ name }) => name)
  })
}

/** Undoes the migration that ran last; gives its name, or undefined where there was none. */
export async function revertMigration(
  database: OwnDatabase,
  schema: string,
): Promise<string | undefined> {
  return inLockedTransaction(database, async (runner) => {
    const last = (await appliedMigrations(through(runner), schema)).at(-1)
    if (last === undefined) return undefined
    await (await executorOf(database, runner)).undoLastMigration()
    return last
  })
}

/**
 * Fails where the tables do not fit this version: `schema-old` where a migration is missing,
 * `schema-new` where more than one ran that this version does not know. One is allowed, so that a
 * new version can be deployed while workers of the one before still run.
 */
export async function checkMigrations(database: OwnDatabase, schema: string): Promise<void> {
  const applied = await appliedMigrations(database, schema)
  const known = knownMigrations(database)
  const missing = known.filter((name) => !applied.includes(name))
  if (missing.length > 0) throw new EnvoyerError('schema-old', `Missing: ${missing.join(', ')}.`)
  const unknown = applied.filter((name) => !known.includes(name))
  if (unknown.length > 1) throw new EnvoyerError('schema-new', `Unknown: ${unknown.join(', ')}.`)
}

/** The migrations that `runMigrations` would run, in order. Changes nothing. */
export async function pendingMigrations(database: OwnDatabase, schema: string): Promise<string[]> {
  const applied = await appliedMigrations(database, schema)
  return knownMigrations(database).filter((name) => !applied.includes(name))
}

const knownMigrations = ({ source }: OwnDatabase): string[] =>
  source.migrations.map(({ name }) => name ?? '')

/** In the order in which they ran. */
async function appliedMigrations(database: Database, schema: string): Promise<string[]> {
  const table = `${schema}.${migrationsTable}`
  const [found] = await database.execute<{ present: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS present',
    [table],
  )
  if (!found?.present) return []
  const rows = await database.execute<{ name: string }>(`SELECT name FROM ${table} ORDER BY id`)
  return rows.map(({ name }) => name)
}

async function executorOf({ source }: OwnDatabase, runner: QueryRunner) {
  const { MigrationExecutor } = await import('typeorm')
  return new MigrationExecutor(source, runner)
}

async function inLockedTransaction<T>(
  database: OwnDatabase,
  work: (runner: QueryRunner) => Promise<T>,
): Promise<T> {
  return withoutTimeLimit(database, () =>
    database.source.transaction('READ COMMITTED', async ({ queryRunner }) => {
      await queryRunner!.query('SELECT pg_advisory_xact_lock($1)', [lockId])
      return work(queryRunner!)
    }),
  )
}

function through(runner: QueryRunner): Database {
  return {
    async execute<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
      const result = await runner.query(sql, values && [...values], true)
      return (result.records ?? []) as Row[]
    },
  }
}
