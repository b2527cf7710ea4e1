import type { DataSourceOptions } from 'typeorm'
import type { Clients } from './embedded/socket.ts'

export interface DatabaseOptions {
  /** `postgres://…` of a PostgreSQL server; without it the embedded database is used. */
  readonly url?: string | undefined
  /** Where the embedded database lives; `memory` keeps it in memory, for tests. */
  readonly directory: string | 'memory'
  /** The schema of Envoyer's own tables, a plain lower-case identifier. */
  readonly schema: string
  /**
   * When a commit on the embedded database counts as done: `fsync` (default) once it is on disk,
   * `process` once it has left the process, which survives `kill -9` but not a power cut.
   */
  readonly durability?: 'fsync' | 'process'
  /** How long a transaction on the embedded database may stay open. Default 5000. */
  readonly transactionTimeoutMs?: number
  /** Connections to PostgreSQL at most. Default 10. */
  readonly poolSize?: number
  /** How long connecting to PostgreSQL may take, and waiting for a free connection. Default 15,000 ms. */
  readonly connectTimeoutMs?: number
  /** How long PostgreSQL may take to answer one of our statements. Default 15,000 ms. */
  readonly statementTimeoutMs?: number
  readonly entities: NonNullable<DataSourceOptions['entities']>
  readonly migrations: NonNullable<DataSourceOptions['migrations']>
  /** How the owner of the embedded database lets other processes in. Default: not at all. */
  readonly clients?: Clients
  /** Hears of what went wrong in the background and mends itself, such as a lost listener. */
  onWarning?(error: Error): void
}

/** The table in which TypeORM remembers which migrations ran; inside our own schema. */
export const migrationsTable = 'migration'

/** Spliced into statements, so it must be one that needs no quoting. */
export function isPlainIdentifier(name: string): boolean {
  return /^[a-z_][a-z0-9_]{0,62}$/.test(name)
}
