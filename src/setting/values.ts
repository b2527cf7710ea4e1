import { isDeepStrictEqual } from 'node:util'
import type { Database, OwnDatabase } from '../database/contract.ts'
import { codeOf, toError } from '../errors.ts'
import type { Json, JsonObject } from '../event/json.ts'

/** Other processes see a change within five seconds: what is older than this is never used. */
const staleMs = 4000
/** From this age on it is read again in the background. */
const agingMs = 1500

export interface Values {
  /** As last seen. */
  get(key: string): Json | undefined
  put(key: string, value: Json): Promise<void>
  /** Changes some members of an object, and leaves those to others that they change meanwhile. */
  merge(key: string, change: JsonObject): Promise<void>
  remove(key: string): Promise<void>
  refreshNow(): Promise<void>
  /**
   * Reads what other processes may have changed, where the last look is old. `through` is a
   * transaction that is open in this call chain: its connection may be the last one.
   */
  refresh(through?: Database): Promise<void>
  /** Reads anew whenever some process says that it changed something, and calls `changed` then. */
  follow(changed: () => void): Promise<() => Promise<void>>
}

const same = (before: Json | undefined, now: Json) =>
  isDeepStrictEqual(before, now) ? (before as Json) : now

/**
 * How long ago the rows were as they are read: a transaction that sees one snapshot throughout took
 * it when it began.
 */
const age = `CASE WHEN current_setting('transaction_isolation') <> 'read committed'
  THEN greatest(0, extract(epoch FROM clock_timestamp() - now())::float8 * 1000) ELSE 0 END`

type Row = { readonly key: string | null; readonly value: Json; readonly ageMs: number }

/** The rows of the setting table, read together and seldom. `changed` is told of each read. */
export function createValues(
  schemaName: string,
  database: () => Promise<OwnDatabase>,
  changed: (through: Database) => Promise<void>,
  onError: (error: Error) => void,
): Values {
  const schema = `"${schemaName}"`
  const topic = `${schemaName}_settings`
  let values: ReadonlyMap<string, Json> = new Map()
  /** As of when the values are, and as of when all that is made of them is. */
  let [seenAt, readAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let reading: Promise<void> | undefined

  const read = async (through?: Database) => {
    const db = through ?? (await database())
    const askedAt = performance.now()
    const rows = await db.execute<Row>(
      `SELECT s.key, s.value, a."ageMs" FROM (SELECT ${age} AS "ageMs") a
       LEFT JOIN ${schema}.setting s ON true`,
    )
    const at = askedAt - rows[0]!.ageMs
    // Something later has been seen already.
    if (at < seenAt) return
    seenAt = at
    const before = values
    // What has not changed stays the same object: what is made of it need not be made again.
    values = new Map(
      rows.flatMap(({ key, value }) => (key === null ? [] : [[key, same(before.get(key), value)]])),
    )
    await changed(db)
    readAt = Math.max(readAt, at)
  }
  const refreshNow = () => {
    reading ??= read().finally(() => {
      reading = undefined
    })
    return reading
  }
  /** A read under way may have begun before what was just written. */
  const readAnew = async () => {
    await reading?.catch(() => {})
    await refreshNow()
  }
  const changedHere = async (db: Database) => {
    await db.execute('SELECT pg_notify($1, $2)', [topic, ''])
    await readAnew()
  }
  const write = async (key: string, value: Json, result: string) => {
    const db = await database()
    await db.execute(
      `INSERT INTO ${schema}.setting (key, value, updated_at) VALUES ($1, $2, now())
       ON CONFLICT (key) DO UPDATE SET value = ${result}, updated_at = excluded.updated_at`,
      [key, JSON.stringify(value)],
    )
    await changedHere(db)
  }
  return {
    get: (key) => values.get(key),
    refreshNow,
    put: (key, value) => write(key, value, 'excluded.value'),
    merge: (key, change) => write(key, change, 'setting.value || excluded.value'),
    async remove(key) {
      const db = await database()
      await db.execute(`DELETE FROM ${schema}.setting WHERE key = $1`, [key])
      await changedHere(db)
    },
    follow: async (changed) =>
      (await database()).listen(topic, () => {
        readAnew().then(changed).catch(onError)
      }),
    async refresh(through) {
      const age = performance.now() - readAt
      if (through) {
        // Not shared with others: their read may be waiting for the very session that is held here.
        if (age > staleMs) await read(through)
      } else if (age > staleMs) await refreshNow()
      else if (age > agingMs) {
        // The call itself is told of an open transaction, where that matters to it.
        const tell = (error: Error) => codeOf(error, '') === 'transaction-open' || onError(error)
        refreshNow().catch((thrown) => tell(toError(thrown)))
      }
    },
  }
}
