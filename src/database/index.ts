import { EnvoyerError } from '../errors.ts'
import type { OwnDatabase } from './contract.ts'
import { type DatabaseOptions, isPlainIdentifier } from './options.ts'

export { asDatabase, type HandedDatabase } from './adapt.ts'
export type { Database, OwnDatabase } from './contract.ts'
export type { Connection } from './embedded/connection.ts'
export { messageBytes } from './embedded/connection.ts'
export type { Terms } from './embedded/greeting.ts'
export { lockedBy } from './embedded/lock.ts'
export { connectToOwner, type FoundOwner, findOwner, type Reception } from './embedded/socket.ts'
export { isNobodyThere } from './embedded/socket-place.ts'
export { withoutTimeLimit } from './embedded/without-time-limit.ts'
export { sameDatabase } from './identity.ts'
export { checkMigrations, revertMigration, runMigrations } from './migrate.ts'
export type { DatabaseOptions } from './options.ts'

/**
 * Opens the database that holds Envoyer's tables: PostgreSQL where a `url` is given, the embedded
 * database otherwise. It does not create the tables; `runMigrations` does.
 */
export async function openDatabase(options: DatabaseOptions): Promise<OwnDatabase> {
  if (!isPlainIdentifier(options.schema)) {
    throw new EnvoyerError(
      'option-invalid',
      `\`schema\` must be a lower-case identifier, not ${JSON.stringify(options.schema)}.`,
    )
  }
  // TypeORM is half of what there is to load: who works through the owner of a database does without.
  if (options.url === undefined) {
    const { openEmbedded } = await import('./embedded/open.ts')
    return openEmbedded(options)
  }
  const { openPostgres } = await import('./postgres/open.ts')
  return openPostgres({ ...options, url: options.url })
}
