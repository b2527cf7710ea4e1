import type { DataSource } from 'typeorm'

/** Runs one statement and gives its rows. Values are bound, never spliced into the text. */
export interface Database {
  execute<Row = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>
}

/** The database that an envoyer owns a connection to. */
export interface OwnDatabase extends Database {
  readonly kind: 'embedded' | 'postgres'
  /** The TypeORM data source: connection, migrations and the read side. */
  readonly source: DataSource
  /** Runs `work` in one transaction; rolled back where it throws. */
  transaction<T>(work: (tx: Database) => Promise<T>): Promise<T>
  /**
   * Calls `heard` for every NOTIFY on `channel` (a plain identifier), and after every reconnect,
   * since some may have been missed. Never throws later: a lost listener reconnects by itself.
   */
  listen(channel: string, heard: () => void): Promise<() => Promise<void>>
  close(): Promise<void>
}
