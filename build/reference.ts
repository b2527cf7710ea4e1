/**
 * What `npm run docs` runs: writes the pages of `docs/reference/` from the code. `--check` writes
 * nothing and fails where a page is not up to date.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { configurationPage } from './reference/configuration.ts'
import { errorsPage } from './reference/errors.ts'
import { signalsPage } from './reference/signals.ts'

const folder = new URL('../docs/reference/', import.meta.url)

/** The generated pages: text by file name. */
export async function referencePages(): Promise<Readonly<Record<string, string>>> {
  return {
    'configuration.md': await configurationPage(),
    'errors.md': errorsPage(),
    'signals.md': await signalsPage(),
  }
}

/** The names of pages whose file is not what the code says. */
export async function stalePages(): Promise<string[]> {
  const stale: string[] = []
  for (const [name, text] of Object.entries(await referencePages())) {
    const file = await readFile(new URL(name, folder), 'utf8').catch(() => '')
    if (file !== text) stale.push(name)
  }
  return stale
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--check')) {
    const stale = await stalePages()
    for (const name of stale)
      console.error(`docs/reference/${name} is not up to date: npm run docs`)
    process.exitCode = stale.length > 0 ? 1 : 0
    return
  }
  for (const [name, text] of Object.entries(await referencePages())) {
    await writeFile(new URL(name, folder), text)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2))
