/**
 * What `npm test` runs: all tests, or those of the files named as arguments, against a PostgreSQL
 * and a Redis that it starts. `--thorough`: more rounds where chance plays a part.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BundledTests, bundleTests } from './run/bundle-tests.ts'
import { findTests } from './run/find-tests.ts'
import { versionLine } from './run/versions.ts'
import { makeCommand } from './support/command.ts'
import { makeCrashProgram } from './support/crash-program.ts'
import { startPostgres } from './support/postgres.ts'
import { startRedis } from './support/redis.ts'

/** What tally.js writes. */
interface Tally {
  readonly tests?: number
  readonly skipped?: readonly string[]
  readonly empty?: readonly string[]
}

const root = fileURLToPath(new URL('..', import.meta.url))
const minute = 60_000
const isCrashTest = (file: string) => basename(dirname(file)) === 'crash'
const usesPackage = (file: string) => ['cli', 'docs'].includes(basename(dirname(file)))

const args = process.argv.slice(2)
const thorough = args.includes('--thorough') || process.env.ENVOYER_THOROUGH === '1'
const named = args.filter((arg) => !arg.startsWith('--'))
const unknown = args.filter((arg) => arg.startsWith('--') && arg !== '--thorough')
if (unknown.length > 0) {
  console.error(`Usage: npm test [-- [--thorough] file…]. Not known: ${unknown.join(', ')}`)
  process.exit(2)
}
const limits = thorough
  ? { testMs: 120 * minute, fileMs: 240 * minute }
  : { testMs: 5 * minute, fileMs: 8 * minute }

const files = named.length > 0 ? named : await findTests(root)
const absent = files.filter((file) => !existsSync(file))
if (absent.length > 0) {
  console.error(`There is no such file: ${absent.join(', ')}`)
  process.exit(2)
}

let child: ChildProcess | undefined
let interrupted: NodeJS.Signals | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted = signal
    child?.kill(signal)
  })
}

const scratch = await mkdtemp(join(tmpdir(), 'envoyer-tests-'))
process.exitCode = 1
try {
  const [tests, postgres, redis, program, command] = await Promise.all([
    bundleTests(files),
    startPostgres(),
    startRedis(),
    files.some(isCrashTest) ? makeCrashProgram() : undefined,
    files.some(usesPackage) ? makeCommand() : undefined,
  ])
  const machine = await versionLine(postgres.version, redis.version)
  try {
    process.exitCode = await run(tests, {
      ENVOYER_TEST_DATABASE_URL: postgres.url(),
      ENVOYER_TEST_REDIS_URL: redis.url(),
      ENVOYER_TEST_MACHINE: machine,
      ...(program ? { ENVOYER_TEST_CRASH_PROGRAM: program.path } : {}),
      ...(command ? { ENVOYER_TEST_COMMAND: command.folder } : {}),
    })
  } finally {
    await Promise.all([
      ...[tests.remove(), postgres.stop(), redis.stop()],
      ...[program?.remove(), command?.remove()],
    ])
  }
  console.log(machine)
} finally {
  await rm(scratch, { recursive: true, force: true })
}
if (interrupted) process.exitCode = 128 + constants.signals[interrupted]

async function run(
  tests: BundledTests,
  servers: Readonly<Record<string, string>>,
): Promise<number> {
  if (interrupted) return 1
  const tallyPath = join(scratch, 'tally.json')
  const reporter = (name: string, destination: string) => [
    `--test-reporter=${name}`,
    `--test-reporter-destination=${destination}`,
  ]
  const code = await node(servers, [
    ...['--import', tests.limits, '--test'],
    `--test-timeout=${limits.fileMs}`,
    '--test-concurrency=2',
    ...reporter('spec', 'stdout'),
    ...reporter(fileURLToPath(new URL('./run/tally.js', import.meta.url)), tallyPath),
    ...tests.files,
  ])
  // Empty where the runner itself did not end as it should.
  const tally = JSON.parse((await readFile(tallyPath, 'utf8').catch(() => '')) || '{}') as Tally
  const problems = [
    ...(tally.tests || code !== 0 ? [] : ['No test was run.']),
    ...(tally.skipped ?? []).map((name) => `Skipped: ${name}`),
    ...(tally.empty ?? []).map((file) => `Has no test: ${relative(tests.folder, file)}`),
  ]
  for (const problem of problems) console.error(problem)
  return code === 0 && problems.length > 0 ? 1 : code
}

/** Runs node until it ends. */
function node(servers: Readonly<Record<string, string>>, nodeArgs: string[]): Promise<number> {
  const started = spawn(process.execPath, nodeArgs, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      ...servers,
      ENVOYER_TEST_LIMIT_MS: String(limits.testMs),
      ...(thorough ? { ENVOYER_THOROUGH: '1' } : {}),
    },
  })
  child = started
  return new Promise((resolve, reject) => {
    started.on('error', reject)
    started.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
  })
}
