import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { type OwnDatabase, openDatabase, runMigrations } from '../../src/database/index.ts'
import type { DatabaseOptions } from '../../src/database/options.ts'
import { freshSchema, postgresUrl } from './engines.ts'

export const kinds = ['embedded', 'postgres'] as const
export type Kind = (typeof kinds)[number]

const schemaOf = ({ connection }: QueryRunner) => (connection.options as { schema: string }).schema

/** The least that the database folder needs: the table that holds a database's identity. */
export class Base1 implements MigrationInterface {
  readonly name = 'Base0000000000001'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE ${schemaOf(runner)}.setting (key text PRIMARY KEY, value jsonb, updated_at timestamptz)`,
    )
    await runner.query(`CREATE TABLE ${schemaOf(runner)}.item (id int PRIMARY KEY, name text)`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${schemaOf(runner)}.item`)
    await runner.query(`DROP TABLE ${schemaOf(runner)}.setting`)
  }
}

export interface Opened {
  readonly database: OwnDatabase
  readonly schema: string
  readonly warnings: Error[]
  /** How many rows the table `item` has. */
  items(): Promise<number>
}

/** Opens an empty database of the test's own, with its tables, and closes it after the test. */
export async function openFor(
  t: TestContext,
  kind: Kind,
  options: Partial<DatabaseOptions> = {},
): Promise<Opened> {
  const schema = options.schema ?? freshSchema()
  const warnings: Error[] = []
  const database = await openDatabase({
    ...(kind === 'postgres' ? { url: postgresUrl() } : {}),
    directory: 'memory',
    entities: [],
    migrations: [Base1],
    onWarning: (error) => void warnings.push(error),
    ...options,
    schema,
  })
  t.after(async () => {
    if (kind === 'postgres') {
      await database.execute(`DROP SCHEMA IF EXISTS ${schema} CASCADE`).catch(() => {})
    }
    await database.close()
  })
  if (options.migrations === undefined) await runMigrations(database, schema)
  const items = async () => {
    const rows = await database.execute<{ count: number }>(
      `SELECT count(*)::int AS count FROM ${schema}.item`,
    )
    return rows[0]!.count
  }
  return { database, schema, warnings, items }
}

const temporary: string[] = []
// Not after the test: what it opened in there is closed only then.
process.on('exit', () => {
  for (const path of temporary) rmSync(path, { recursive: true, force: true })
})

/** A directory of the test's own, removed with the process. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'envoyer-test-'))
  temporary.push(path)
  return path
}

/** Waits until `done` gives true; fails after `timeoutMs`. */
export async function until(
  done: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
