import { readFile } from 'node:fs/promises'

/** What the tests ran on. */
export async function versionLine(postgres: string, redis: string): Promise<string> {
  const manifest = new URL('../package.json', import.meta.resolve('@electric-sql/pglite'))
  const pglite = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  return `Node.js ${process.version}, ${postgres}, ${redis}, PGlite ${pglite.version}`
}
