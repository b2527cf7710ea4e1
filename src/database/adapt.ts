import { EnvoyerError } from '../errors.ts'
import type { Database } from './contract.ts'

/** A caller's transaction, as a `Database`. */
export interface HandedDatabase extends Database {
  /** What stands for its database: the data source, or the client itself. */
  readonly origin: object
}

// Recognised by their shape: the caller's `typeorm` or `pg` may be another copy of the package.
interface Runner {
  readonly isTransactionActive: boolean
  query(sql: string, values: unknown[] | undefined, structured: true): Promise<unknown>
}
interface Manager {
  readonly queryRunner?: Runner
  readonly connection?: object
  readonly dataSource?: object
}
interface Client {
  query(sql: string, values?: unknown[]): Promise<{ rows: unknown[] }>
  getTransactionStatus?(): string | null
}

/**
 * Makes a `Database` of the transaction that a caller hands over: TypeORM's `EntityManager`, or a
 * `Client` or `PoolClient` of `pg`. What holds no transaction is refused with `option-invalid`.
 */
export function asDatabase(handle: unknown): HandedDatabase {
  if (!isObject(handle)) throw refused('it is not an object')
  if (isManager(handle)) return fromManager(handle)
  if ('totalCount' in handle && 'idleCount' in handle) {
    throw refused('a pg.Pool has no transaction; pass the client that sent BEGIN')
  }
  if ('createQueryRunner' in handle) {
    throw refused('a DataSource has no transaction; pass the EntityManager of source.transaction()')
  }
  if (typeof handle.query === 'function' && 'escapeIdentifier' in handle) {
    return fromClient(handle as unknown as Client)
  }
  throw refused('it is neither a TypeORM EntityManager nor a pg Client')
}

function fromManager(manager: Manager): HandedDatabase {
  const runner = manager.queryRunner
  if (!runner?.isTransactionActive) {
    throw refused(
      'this EntityManager has no transaction; use the one that source.transaction() gives',
    )
  }
  return {
    origin: manager.dataSource ?? manager.connection ?? runner,
    async execute<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
      // Structured, since the plain result of UPDATE and DELETE is not the rows alone.
      const result = await runner.query(sql, values && [...values], true)
      return (result as { records?: Row[] }).records ?? []
    },
  }
}

function fromClient(client: Client): HandedDatabase {
  // `I` is said by the server: nothing is open, and each statement would commit by itself.
  if (client.getTransactionStatus?.() === 'I') {
    throw refused('this client has no transaction; await client.query("BEGIN") first')
  }
  return {
    origin: client,
    async execute<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
      return (await client.query(sql, values && [...values])).rows as Row[]
    },
  }
}

function isObject(handle: unknown): handle is Record<string, unknown> {
  return typeof handle === 'object' && handle !== null
}

function isManager(handle: Record<string, unknown>): handle is Manager & Record<string, unknown> {
  return (
    'getRepository' in handle &&
    'query' in handle &&
    ('connection' in handle || 'dataSource' in handle) &&
    !('createQueryRunner' in handle)
  )
}

function refused(reason: string): EnvoyerError {
  return new EnvoyerError('option-invalid', `\`database\`: ${reason}.`)
}
