import pg from 'pg'
import type { DataSourceOptions } from 'typeorm'
import { type DatabaseOptions, migrationsTable } from './options.ts'

type PostgresOptions = Extract<DataSourceOptions, { readonly type: 'postgres' }>

/**
 * What both kinds of database say to TypeORM. The type is written down: an inferred one would name
 * the types of `pg`, which an application need not have.
 */
export function sourceOptions(options: DatabaseOptions): PostgresOptions {
  const { schema, entities, migrations } = options
  return {
    type: 'postgres',
    driver: pg,
    schema,
    entities,
    migrations,
    migrationsTableName: migrationsTable,
    // We use no extension of PostgreSQL's; TypeORM would create its own choice of them.
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    logging: false,
  }
}
