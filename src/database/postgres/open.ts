import pg from 'pg'
import { DataSource } from 'typeorm'
import { toError } from '../../errors.ts'
import type { OwnDatabase } from '../contract.ts'
import type { DatabaseOptions } from '../options.ts'
import { createPooledDatabase } from '../pooled.ts'
import { sourceOptions } from '../source-options.ts'
import { createListener } from './listener.ts'
import { unreachable } from './unreachable.ts'

/** Also bounds the wait for a free connection of the pool. */
const connectTimeoutMs = 15_000
const keepAliveAfterMs = 10_000
/** Ours take milliseconds. Who waits longer waits for a server that is gone, or out of its depth. */
const statementTimeoutMs = 15_000

/** Opens a PostgreSQL server; fails with `database-unreachable`, which never shows the password. */
export async function openPostgres(
  options: DatabaseOptions & { url: string },
): Promise<OwnDatabase> {
  const { url } = options
  const warn = options.onWarning ?? ((error: Error) => process.emitWarning(error))
  const connection = {
    connectionString: url,
    application_name: 'envoyer',
    connectionTimeoutMillis: options.connectTimeoutMs ?? connectTimeoutMs,
    // A connection cut without a word (a firewall, a pulled cable) is found within minutes.
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveAfterMs,
  }
  const source = new DataSource({
    ...sourceOptions(options),
    // An idle connection that breaks is replaced by the pool; it is worth a word, no more.
    poolErrorHandler: (error: unknown) => warn(unreachable(toError(error), url)),
    extra: { ...connection, max: options.poolSize ?? 10, allowExitOnIdle: true },
  })
  try {
    await source.initialize()
  } catch (error) {
    throw unreachable(toError(error), url)
  }
  const listener = createListener(
    () => new pg.Client(connection),
    (error) => warn(unreachable(error, url)),
    options.statementTimeoutMs ?? statementTimeoutMs,
  )
  return createPooledDatabase({
    kind: 'postgres',
    preparedInTransactions: false,
    statementTimeoutMs: options.statementTimeoutMs ?? statementTimeoutMs,
    source,
    unreachable: (error) => unreachable(error, url),
    warn,
    listen: listener.listen,
    async close() {
      await listener.close()
      await source.destroy()
    },
  })
}
