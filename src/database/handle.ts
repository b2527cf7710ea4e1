import type { EntityManager } from 'typeorm'

export type { EntityManager } from 'typeorm'

/** A `Client` or `PoolClient` of `pg`, by its shape: the caller's may be another copy of the package. */
export interface PgClient {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
  escapeIdentifier(text: string): string
}

/** What a caller can hand over to have `send` write inside its own transaction. */
export type DatabaseHandle = EntityManager | PgClient
