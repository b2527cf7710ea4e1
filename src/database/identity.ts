import type { HandedDatabase } from './adapt.ts'
import type { Database, OwnDatabase } from './contract.ts'

/** The row of `setting` by which a database is recognised; it is of this one database only. */
export const identityKey = 'database-id'

/** Gives the database its identity, once it has the table to keep it in. */
export async function ensureIdentity(database: Database, schema: string): Promise<void> {
  if (!(await hasTable(database, `${schema}.setting`))) return
  await database.execute(
    `INSERT INTO ${schema}.setting (key, value, updated_at)
     VALUES ($1, to_jsonb(gen_random_uuid()::text), now()) ON CONFLICT (key) DO NOTHING`,
    [identityKey],
  )
}

/** Connections known to lead to the database that is ours; only a yes is kept. */
const known = new WeakMap<OwnDatabase, WeakSet<object>>()

/**
 * Whether a caller's transaction is one of the database that holds our tables. Asked once for each
 * connection or data source. No statement here can fail, and so end the caller's transaction.
 */
export async function sameDatabase(
  ours: OwnDatabase,
  theirs: HandedDatabase,
  schema: string,
): Promise<boolean> {
  if (theirs.origin === ours.source) return true
  const origins = known.get(ours) ?? new WeakSet()
  known.set(ours, origins)
  if (origins.has(theirs.origin)) return true
  const own = await identityOf(ours, schema)
  const same = own !== undefined && own === (await identityOf(theirs, schema))
  if (same) origins.add(theirs.origin)
  return same
}

async function identityOf(database: Database, schema: string): Promise<string | undefined> {
  if (!(await hasTable(database, `${schema}.setting`))) return undefined
  const rows = await database.execute<{ value: string }>(
    `SELECT value FROM ${schema}.setting WHERE key = $1`,
    [identityKey],
  )
  return rows[0]?.value
}

async function hasTable(database: Database, name: string): Promise<boolean> {
  const rows = await database.execute<{ present: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS present',
    [name],
  )
  return rows[0]?.present === true
}
