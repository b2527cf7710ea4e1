/**
 * What `npm run docs:crash` runs: writes what the last thorough runs of the crash tests have left
 * into `docs/explanation/crash-tests.md`. `--print` shows it instead.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { keptColumns, tableOf } from '../test/support/crash-table.ts'

const page = new URL('../docs/explanation/crash-tests.md', import.meta.url)
const [opening, closing] = ['<!-- crash-table -->', '<!-- /crash-table -->']

function fail(problem: string): never {
  console.error(problem)
  process.exit(1)
}

const columns = await keptColumns()
if (columns.length === 0) fail('No run has left a table. Run the thorough crash tests first.')
const machines = new Set(columns.map(({ machine }) => machine))
// Columns of one table are compared with each other.
if (machines.size > 1) fail(`These are of different machines:\n${[...machines].join('\n')}`)
const table = `${tableOf(columns)}\n\n${[...machines][0]}.`
if (process.argv.includes('--print')) {
  console.log(table)
} else {
  const text = await readFile(page, 'utf8')
  const [before, after] = [text.indexOf(opening), text.indexOf(closing)]
  if (before < 0 || after < before) fail(`There is no ${opening} … ${closing} in the page.`)
  await writeFile(page, `${text.slice(0, before)}${opening}\n\n${table}\n\n${text.slice(after)}`)
}
