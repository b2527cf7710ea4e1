import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { type TarEntry, writeTar } from './tar.ts'

/**
 * The data directory of a database in which nothing has been made, as a compressed tar. Making one
 * takes four seconds and 800 MB, so the package brings it along.
 */
export function emptyDatabase(): Promise<Buffer> {
  // Several that open at once make it once.
  making ??= readOrMake().finally(() => {
    making = undefined
  })
  return making
}

let making: Promise<Buffer> | undefined

async function readOrMake(): Promise<Buffer> {
  const path = emptyDatabasePath()
  const kept = await readFile(path).catch(() => undefined)
  if (kept) return kept
  const made = await makeEmptyDatabase()
  // Only a convenience: a read-only place to keep it is no reason to fail.
  await keep(path, made).catch(() => {})
  return made
}

/**
 * Runs initdb in a temporary directory, and packs what a proper shutdown leaves, without templates. (PGlite's own
 * `dumpDataDir` copies a running database, which its first start takes for a crashed one.)
 */
async function makeEmptyDatabase(): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'envoyer-empty-'))
  try {
    const pglite = await PGlite.create({ fs: new NodeFS(directory) })
    // Nobody makes further databases from them, and they are 16 MB of 40.
    await pglite.exec(
      `UPDATE pg_database SET datistemplate = false, datallowconn = true WHERE datistemplate`,
    )
    for (const name of ['template0', 'template1']) await pglite.exec(`DROP DATABASE ${name}`)
    await pglite.exec('CHECKPOINT')
    await pglite.close()
    return await promisify(gzip)(writeTar(await entriesBelow(directory, '')))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function entriesBelow(root: string, folder: string): Promise<TarEntry[]> {
  const entries: TarEntry[] = []
  for (const found of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${found.name}`
    // PostgreSQL's own lock; ours is another.
    if (found.name === 'postmaster.pid') continue
    const directory = found.isDirectory()
    const content = directory ? Buffer.alloc(0) : await readFile(join(root, path))
    entries.push({ path, directory, content })
    if (directory) entries.push(...(await entriesBelow(root, path)))
  }
  return entries
}

/** `dist/empty-database.tar.gz`, made by the build; from source, a cache. */
export function emptyDatabasePath(): string {
  const packaged = new URL('../../../empty-database.tar.gz', import.meta.url)
  if (!import.meta.url.endsWith('.ts')) return fileURLToPath(packaged)
  const manifest = new URL('../package.json', import.meta.resolve('@electric-sql/pglite'))
  // Named after the version that made it (another PostgreSQL could not open it) and the way it was made.
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  const cached = `../../../node_modules/.cache/envoyer/empty-database-${version}-2.tar.gz`
  return fileURLToPath(new URL(cached, import.meta.url))
}

export async function keep(path: string, content: Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  // Renamed into place, so that nobody beside this one ever reads half of it.
  const temporary = `${path}.${randomUUID()}`
  await writeFile(temporary, content)
  await rename(temporary, path)
}
