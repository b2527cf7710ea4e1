import { identityKey } from '../database/identity.ts'
import type { Executor, Outbox } from './outbox.ts'

/** A table that is moved with the outbox, and the columns of its primary key. */
interface Moved {
  readonly name: string
  readonly key: Readonly<Record<string, string>>
  /** Which rows; default all. */
  readonly where?: string
}

/**
 * All that an application would miss, in the order in which the tables refer to each other. What
 * workers say of themselves stays: they are not the same on the other side.
 */
const moved: readonly Moved[] = [
  { name: 'notification', key: { id: 'uuid' } },
  { name: 'delivery', key: { id: 'uuid' } },
  { name: 'attempt', key: { delivery_id: 'uuid', number: 'int' } },
  { name: 'setting', key: { key: 'text' }, where: `key <> '${identityKey}'` },
  { name: 'template', key: { event: 'text', channel: 'text', part: 'text', locale: 'text' } },
  { name: 'bucket', key: { name: 'text' } },
]

const pageSize = 500

/** Rows by table. */
export type Copied = Readonly<Record<string, number>>

/** The first of the tables that has rows. */
export async function firstFilled(o: Outbox, db: Executor): Promise<string | undefined> {
  for (const { name, where = 'true' } of moved) {
    const rows = await db.execute(`SELECT 1 FROM ${o.schema}.${name} WHERE ${where} LIMIT 1`)
    if (rows.length > 0) return name
  }
  return undefined
}

/**
 * Copies the tables' rows from one database to another, a page at a time in the order of their keys.
 * As JSON, which keeps every type as PostgreSQL writes it: a Date of JavaScript would cut microseconds.
 */
export async function copyTables(
  from: { readonly outbox: Outbox; readonly database: Executor },
  to: { readonly outbox: Outbox; readonly database: Executor },
  onCopied: (copied: Copied) => void,
): Promise<Copied> {
  const copied: Record<string, number> = {}
  for (const table of moved) {
    copied[table.name] = 0
    for await (const rows of pagesOf(from.outbox, from.database, table)) {
      const into = `${to.outbox.schema}.${table.name}`
      await to.database.execute(
        `INSERT INTO ${into} SELECT * FROM jsonb_populate_recordset(NULL::${into}, $1::jsonb)`,
        [`[${rows.join(',')}]`],
      )
      copied[table.name]! += rows.length
      onCopied({ ...copied })
    }
  }
  return copied
}

async function* pagesOf(
  o: Outbox,
  db: Executor,
  { name, key, where = 'true' }: Moved,
): AsyncGenerator<string[]> {
  const columns = Object.keys(key).join(', ')
  const places = Object.values(key).map((type, n) => `$${n + 1}::${type}`)
  for (let last: unknown[] | undefined; ; ) {
    const rows = await db.execute<{ row: string }>(
      `SELECT to_jsonb(t)::text AS row FROM ${o.schema}.${name} t
       WHERE ${where} ${last === undefined ? '' : `AND (${columns}) > (${places.join(', ')})`}
       ORDER BY ${columns} LIMIT ${pageSize}`,
      last ?? [],
    )
    if (rows.length > 0) yield rows.map(({ row }) => row)
    if (rows.length < pageSize) return
    const end = JSON.parse(rows.at(-1)!.row) as Record<string, unknown>
    last = Object.keys(key).map((column) => end[column])
  }
}
