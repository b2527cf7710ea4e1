/**
 * What `npm run docs:crash` runs: writes what the last thorough runs of the crash tests have left
 * into `docs/explanation/crash-tests.md`. `--print` shows it instead.
 */
import { keptColumns, tableOf } from '../test/support/crash-table.ts'
import { writeBetweenMarks } from './between-marks.ts'

const page = new URL('../docs/explanation/crash-tests.md', import.meta.url)

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
if (process.argv.includes('--print')) console.log(table)
else await writeBetweenMarks(page, 'crash-table', table)
