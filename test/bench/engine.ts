/**
 * The production engine beside what one would write with the same packages (baseline/): rates, the
 * cost of a message, memory, latency; then what grows with what waits, and what does not.
 *
 *   npm run bench:engine
 *   npm run bench:engine -- --quick                 within three minutes, fewer and smaller rounds
 *   npm run -s bench:engine -- --json               one JSON object on standard output
 *   npm run bench:engine -- --docs                  writes its tables into performance.md
 *   npm run bench:engine -- --cpu-prof=<folder>     a profile of each contestant
 */
import { cpus, loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { writeBetweenMarks } from '../../build/between-marks.ts'
import { createSigningSecret } from '../../src/secret/signing-secret.ts'
import { startPostgres } from '../support/postgres.ts'
import { startRedis } from '../support/redis.ts'
import { backlog } from './engine/backlog.ts'
import type { Bench } from './engine/bench.ts'
import { bulk } from './engine/bulk.ts'
import { killAll } from './engine/contestants.ts'
import { goalsOf } from './engine/goals.ts'
import { describe } from './engine/print.ts'
import { race } from './engine/race.ts'
import { startHttpSink, startSmtpSink } from './measure.ts'

const args = process.argv.slice(2)
const profiles = args.find((arg) => arg.startsWith('--cpu-prof='))?.slice('--cpu-prof='.length)
const known = ['--quick', '--json', '--docs', `--cpu-prof=${profiles}`]
const unknown = args.filter((arg) => !known.includes(arg))
if (unknown.length > 0) {
  console.error(
    `Unknown: ${unknown.join(' ')}. There are --quick, --json, --docs and --cpu-prof=<folder>.`,
  )
  process.exit(2)
}
const quick = args.includes('--quick')
const json = args.includes('--json')
const page = new URL('../../docs/explanation/performance.md', import.meta.url)
const load = loadavg()[0]!
const began = performance.now()

const [postgres, redis, httpSink, smtpSink] = await Promise.all([
  startPostgres(),
  // As in production: what waits survives a crash but for the last second.
  startRedis({ appendOnly: true }),
  startHttpSink(),
  startSmtpSink(),
])
const bench: Bench = {
  place: {
    ...{ databaseUrl: postgres.url(), redisUrl: redis.url(), origin: httpSink.origin },
    ...{ smtpPort: smtpSink.port, secret: createSigningSecret() },
  },
  sinks: { webhook: httpSink, email: smtpSink },
  quick,
  nodeArgs: (who) =>
    profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(resolve(profiles), who)}`],
  progress: (text) =>
    console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`),
}

try {
  const figures = {
    machine: {
      ...{ node: process.version, postgres: postgres.version, redis: redis.version },
      ...{ cores: cpus().length, cpu: cpus()[0]?.model ?? 'unknown', load },
    },
    quick,
    race: { webhook: await race(bench, 'webhook'), email: await race(bench, 'email') },
    bulk: await bulk(bench),
    backlog: await backlog(bench),
  }
  const goals = goalsOf(figures)
  bench.progress('done')
  const tables = describe(figures, goals)
  console.log(json ? JSON.stringify({ ...figures, goals }) : `\n${tables}`)
  if (args.includes('--docs')) {
    await writeBetweenMarks(page, 'engine-tables', `\`\`\`text\n${tables}\n\`\`\``)
  }
} finally {
  killAll()
  httpSink.stop()
  smtpSink.stop()
  await Promise.all([postgres.stop(), redis.stop()])
}
