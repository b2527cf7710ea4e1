import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { DataSource } from 'typeorm'
import { EnvoyerError, toError } from '../errors.ts'
import type { Database, OwnDatabase } from './contract.ts'
import { createStatements, type Statements } from './prepared.ts'

/** What holds a call back that would wait for itself (the embedded database has one session). */
export interface Guard {
  /** Throws where this call chain has a transaction open. */
  check(): void
  /** Runs `work` as a call chain that has a transaction open. */
  within<T>(work: () => Promise<T>): Promise<T>
}

export interface Parts {
  readonly kind: OwnDatabase['kind']
  /** Whether statements are kept prepared within transactions, too: not where a pooler may be. */
  readonly preparedInTransactions: boolean
  /** After so long without an answer a connection is given up. Default: never. */
  readonly statementTimeoutMs?: number
  readonly source: DataSource
  readonly guard?: Guard
  /** Makes the error of a connection that could not be had. */
  unreachable(error: Error): Error
  /** Hears of mishaps that nobody is waiting for. */
  warn(error: Error): void
  listen: OwnDatabase['listen']
  close(): Promise<void>
}

/** The pool beneath TypeORM: going to it directly saves the query runner on every hot statement. */
export function poolOf(source: DataSource): pg.Pool {
  return (source.driver as unknown as { master: pg.Pool }).master
}

/** An `OwnDatabase` over the `pg` pool of a TypeORM data source; both kinds of database are one. */
export function createPooledDatabase(parts: Parts): OwnDatabase {
  const { source, guard } = parts
  const pool = poolOf(source)
  const statements = createStatements(parts.statementTimeoutMs, parts.warn)
  const inTransaction = parts.preparedInTransactions ? statements.named : statements.plain
  surviveLostConnections(pool)
  endForgottenTransactions(pool, parts.warn)
  let closing: Promise<void> | undefined

  const acquire = async (): Promise<pg.PoolClient> => {
    if (closing) throw new EnvoyerError('closed', 'The database was called after close().')
    guard?.check()
    try {
      return await pool.connect()
    } catch (error) {
      throw parts.unreachable(toError(error))
    }
  }
  return {
    kind: parts.kind,
    source,
    listen: parts.listen,
    async execute<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
      const client = await acquire()
      let broken: Error | undefined
      try {
        return (await statements.run(client, sql, values)).rows as Row[]
      } catch (error) {
        if (isUnanswered(error)) broken = toError(error)
        throw error
      } finally {
        client.release(broken)
      }
    },
    async transaction<T>(work: (tx: Database) => Promise<T>): Promise<T> {
      const client = await acquire()
      const run = () => runTransaction(client, inTransaction, work)
      return guard ? guard.within(run) : run()
    },
    close() {
      closing ??= nobodyWaits(pool).then(parts.close)
      return closing
    },
  }
}

/** How long `close` gives calls that wait for a connection. */
const lastCallsMs = 5000

/** Ended, a pool leaves those that wait for a connection without an answer. */
async function nobodyWaits(pool: pg.Pool): Promise<void> {
  const until = performance.now() + lastCallsMs
  while (pool.waitingCount > 0 && performance.now() < until) await sleep(5)
}

/** A client whose connection breaks while it is checked out emits `error`: unheard, that is fatal. */
function surviveLostConnections(pool: pg.Pool): void {
  const heard = new WeakSet<pg.PoolClient>()
  // Its queries reject with the same error, and the pool drops the client; nothing is lost here.
  pool.on('acquire', (client) => {
    if (heard.has(client)) return
    heard.add(client)
    client.on('error', () => {})
  })
}

/**
 * A query runner released without commit or rollback would hand its open transaction to whoever
 * takes the connection next; the ROLLBACK is in line before any statement of theirs.
 */
function endForgottenTransactions(pool: pg.Pool, warn: (error: Error) => void): void {
  pool.on('release', (error, client) => {
    const { getTransactionStatus } = client as { getTransactionStatus?(): string | null }
    const status = getTransactionStatus?.call(client) ?? 'I'
    if (error || status === 'I') return
    client.query('ROLLBACK').catch(() => {})
    warn(new Error('A connection was released in the midst of a transaction; it was rolled back.'))
  })
}

/** A connection on which an answer did not come may be dead at its other end: no more is sent on it. */
function isUnanswered(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout'
}

async function runTransaction<T>(
  client: pg.PoolClient,
  query: Statements['plain'],
  work: (tx: Database) => Promise<T>,
): Promise<T> {
  let broken: Error | undefined
  let open = true
  const tx: Database = {
    async execute<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
      if (!open) throw new Error('A statement was sent after its transaction had ended.')
      return (await client.query(query(sql, values))).rows as Row[]
    },
  }
  try {
    await client.query(query('BEGIN'))
    const result = await work(tx)
    open = false
    const { command } = await client.query(query('COMMIT'))
    // PostgreSQL answers COMMIT with ROLLBACK, and no error, where a statement had failed.
    if (command !== 'COMMIT') {
      throw new Error('The transaction was rolled back: one of its statements had failed.')
    }
    return result
  } catch (error) {
    open = false
    if (isUnanswered(error)) broken = toError(error)
    else {
      await client.query(query('ROLLBACK')).catch((failed) => {
        broken = toError(failed)
      })
    }
    throw error
  } finally {
    client.release(broken)
  }
}
