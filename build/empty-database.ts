/** Puts the data directory of an empty database into `dist`, for the package to bring along. */
import { fileURLToPath } from 'node:url'
import { emptyDatabase, keep } from '../src/database/embedded/empty-database.ts'

const path = fileURLToPath(new URL('../dist/empty-database.tar.gz', import.meta.url))
await keep(path, await emptyDatabase())
