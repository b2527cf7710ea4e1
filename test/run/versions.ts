import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'

/** What the tests ran on. */
export async function versionLine(postgres: string, redis: string): Promise<string> {
  const manifest = new URL('../package.json', import.meta.resolve('@electric-sql/pglite'))
  const pglite = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  const server = postgres.replace(/^postgres \(PostgreSQL\) (\S+).*/, 'PostgreSQL $1')
  const cores = `${cpus().length} cores (${cpus()[0]?.model.trim()})`
  return `Node.js ${process.versions.node}, ${server}, ${redis}, PGlite ${pglite.version}; ${cores}`
}
