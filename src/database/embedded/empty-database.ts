import { readFileSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'

/**
 * The data directory of a database in which nothing has been made, as a compressed tar. Making one
 * takes four seconds and 800 MB, so the package brings it along.
 */
export async function emptyDatabase(): Promise<Buffer> {
  const path = emptyDatabasePath()
  const kept = await readFile(path).catch(() => undefined)
  if (kept) return kept
  const made = await makeEmptyDatabase()
  // Only a convenience: a read-only place to keep it is no reason to fail.
  await keep(path, made).catch(() => {})
  return made
}

/** Runs initdb in memory. */
export async function makeEmptyDatabase(): Promise<Buffer> {
  const pglite = await PGlite.create('memory://')
  // It is copied while it runs; this leaves nothing to be recovered at its first start.
  await pglite.exec('CHECKPOINT')
  const tar = await pglite.dumpDataDir('gzip')
  await pglite.close()
  return Buffer.from(await tar.arrayBuffer())
}

/** `dist/empty-database.tar.gz`, made by the build; from source, a cache. */
export function emptyDatabasePath(): string {
  const packaged = new URL('../../../empty-database.tar.gz', import.meta.url)
  if (!import.meta.url.endsWith('.ts')) return fileURLToPath(packaged)
  const manifest = new URL('../package.json', import.meta.resolve('@electric-sql/pglite'))
  // Named after the version that made it: another PostgreSQL could not open it.
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  const cached = `../../../node_modules/.cache/envoyer/empty-database-${version}.tar.gz`
  return fileURLToPath(new URL(cached, import.meta.url))
}

export async function keep(path: string, content: Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  // Renamed into place, so that a process beside this one never reads half of it.
  const temporary = `${path}.${process.pid}`
  await writeFile(temporary, content)
  await rename(temporary, path)
}
