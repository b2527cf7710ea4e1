/**
 * All benchmarks, or those named: `npm run bench -- send deliver`. Rates of one run beside their
 * floors; a rate by itself says more about the machine than about us.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../support/postgres.ts'
import { type BenchRow, print } from './measure.ts'

const benches: Record<string, () => Promise<BenchRow[]>> = {
  availability: async () => (await import('./availability.ts')).benchAvailability(),
  send: async () => (await import('./send.ts')).benchSend(),
  render: async () => (await import('./render.ts')).benchRender(),
  http: async () => (await import('./webhook.ts')).benchHttp(),
  smtp: async () => (await import('./email.ts')).benchSmtp(),
  deliver: async () => (await import('./deliver.ts')).benchDeliver(),
  due: async () => (await import('./due.ts')).benchDue(),
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in benches))
if (unknown.length > 0) {
  console.error(
    `There is no bench ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}.`,
  )
  process.exit(2)
}
const directory = mkdtempSync(join(tmpdir(), 'envoyer-bench-'))
process.env.BENCH_DIRECTORY = directory
const server = await startPostgres()
process.env.ENVOYER_TEST_DATABASE_URL = server.url()
console.log(
  `node ${process.version}, ${server.version}, ${cpus().length} cores (${cpus()[0]?.model})\n`,
)
try {
  for (const name of asked.length > 0 ? asked : Object.keys(benches)) print(await benches[name]!())
} finally {
  await server.stop()
  rmSync(directory, { recursive: true, force: true })
}
