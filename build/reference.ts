/**
 * What `npm run docs` runs: writes the pages of `docs/reference/` and the pictures of
 * `docs/explanation/` from the code. `--check` writes nothing and fails where one is not up to date.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { pictures } from './pictures.ts'
import { commandsPage } from './reference/commands.ts'
import { configurationPage } from './reference/configuration.ts'
import { errorsPage } from './reference/errors.ts'
import { metricsPage } from './reference/metrics.ts'
import { signalsPage } from './reference/signals.ts'

const folder = new URL('../docs/', import.meta.url)

/** The generated pages and pictures: text by path within `docs/`. */
export async function referencePages(): Promise<Readonly<Record<string, string>>> {
  return {
    'reference/commands.md': commandsPage(),
    'reference/configuration.md': await configurationPage(),
    'reference/errors.md': errorsPage(),
    'reference/metrics.md': metricsPage(),
    'reference/signals.md': await signalsPage(),
    ...pictures(),
  }
}

/** The paths of those whose file is not what the code says. */
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
    for (const name of stale) console.error(`docs/${name} is not up to date: npm run docs`)
    process.exitCode = stale.length > 0 ? 1 : 0
    return
  }
  for (const [name, text] of Object.entries(await referencePages())) {
    await writeFile(new URL(name, folder), text)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2))
