/** A step of the build: makes the data directory that the package brings along. */
import { emptyDatabasePath, keep, makeEmptyDatabase } from './empty-database.ts'

await keep(emptyDatabasePath(), await makeEmptyDatabase())
