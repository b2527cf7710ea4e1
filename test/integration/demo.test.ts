import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from '../support/database.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What a run may take; and, on a machine that is busy with other tests, when it is hung. */
const limitMs = 20_000
const hungMs = 90_000

interface Run {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly tookMs: number
  readonly output: string
  readonly errors: string
}

/** The environment without what would send the demo elsewhere than to an embedded database. */
function environment(directory: string, extra: Readonly<Record<string, string>>) {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(ENVOYER_|DEMO_|NODE_TEST_CONTEXT$|FORCE_COLOR$)/.test(name),
  )
  return { ...Object.fromEntries(own), DEMO_DIRECTORY: directory, ...extra }
}

interface Options {
  readonly env?: Readonly<Record<string, string>>
  /** Sent to the process, not to npm, as soon as the output holds `after`. */
  readonly interrupt?: { readonly after: string }
}

/** Runs a command to its end; one that hangs is killed with all that it started, and fails. */
function start(
  t: TestContext,
  command: readonly [string, ...string[]],
  directory: string,
  options: Options = {},
): Promise<Run> {
  const beganAt = performance.now()
  const [program, ...args] = command
  const child = spawn(program, args, {
    cwd: root,
    env: environment(directory, options.env ?? {}),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const kill = () => {
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {} // it has ended
  }
  t.after(kill)
  const timer = setTimeout(kill, hungMs)
  let [output, errors, interrupted] = ['', '', false]
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    if (options.interrupt && !interrupted && output.includes(options.interrupt.after)) {
      interrupted = true
      child.kill('SIGINT')
    }
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, tookMs: performance.now() - beganAt, output, errors })
    })
  })
}

/** What a newcomer types. */
const npmRunDemo = ['npm', 'run', '--silent', 'demo'] as const
const itself = [process.execPath, '--import', 'tsx', 'demo/main.ts'] as const

/** The rows of the table under the heading, without the ports of this run. */
function tableOf(output: string): string[] {
  const section = output.split('What Envoyer remembers')[1]!.split('And who got nothing')[0]!
  return section
    .split('\n')
    .filter((line) => /^ {3}(order|password)-/.test(line))
    .map((line) =>
      line
        .trim()
        .replace(/127\.0\.0\.1:\d+/, 'localhost')
        .replaceAll(/ {2,}/g, ' | '),
    )
}

const rows = [
  'order-placed | email | jane@brightmail.example | en | sent | 1',
  'order-placed | console | jane | en | sent | 1',
  'order-placed | email | greta@post.example | de | sent | 1',
  'order-placed | console | greta | en | sent | 1',
  'order-shipped | email | jane@brightmail.example | en | sent | 1',
  'order-shipped | email | greta@post.example | de | sent | 1',
  'order-shipped | email | kenji@mail.example | en | sent | 1',
  'order-shipped | email | lena@work.example | en | sent | 1',
  'order-shipped | email | family@home.example | en | sent | 1',
  'order-shipped | email | otto@closed.example | en | failed | 1 | smtp-550',
  'order-shipped | webhook | http://localhost/warehouse | en | sent | 2 | http-503, then sent',
  'order-shipped | webhook | http://localhost/accounts | en | sent | 1',
  'password-reset | email | greta@post.example | de | sent | 1',
]

function assertGood(run: Run): void {
  assert.equal(run.code, 0, run.output + run.errors)
  assert.deepEqual(tableOf(run.output), rows)
  assert.match(run.output, /All 13 deliveries ended as they should/)
  assert.match(run.output, /order-shipped +email +no-address +Phil, Warehouse, Accounts/)
  // Nobody who reads a file of it wants escape sequences, and nothing was to be warned of.
  assert.ok(!run.output.includes('\x1b'))
  assert.equal(run.errors.replaceAll(/^npm warn .*\n/gm, ''), '')
}

describe('npm run demo', () => {
  test('ends well in an empty place, and once more beside what the first run left', async (t) => {
    const directory = join(await temporaryDirectory(), '.envoyer')
    const first = await start(t, npmRunDemo, directory)
    assertGood(first)
    const second = await start(t, npmRunDemo, directory)
    assertGood(second)
    const tookMs = Math.min(first.tookMs, second.tookMs)
    assert.ok(tookMs < limitMs, `it took ${tookMs} ms`)
    assert.equal((await readdir(join(directory, 'mails'))).length, 8)
  })

  test('fails, and says of each delivery why, where the mail server refuses everything', async (t) => {
    const env = { DEMO_BREAK: 'mail' }
    const run = await start(t, npmRunDemo, await temporaryDirectory(), { env })
    assert.equal(run.code, 1, run.output)
    const said = run.output.match(/✗ .*: failed at try 1 \(smtp-550\), not sent at try 1/g)
    assert.equal(said?.length, 8, run.output)
  })

  test('fails where the receiver has another secret', async (t) => {
    const env = { DEMO_BREAK: 'signature' }
    const run = await start(t, itself, await temporaryDirectory(), { env })
    assert.equal(run.code, 1, run.output)
    assert.match(run.output, /\/accounts: failed at try 1 \(http-401\), not sent at try 1/)
  })

  test('stops by Ctrl-C in the middle, and the next run is not harmed', async (t) => {
    const directory = await temporaryDirectory()
    const interrupt = { after: 'The receiver answered 503' }
    const stopped = await start(t, itself, directory, { interrupt })
    assert.deepEqual([stopped.code, stopped.signal, stopped.errors], [130, null, ''])
    assert.match(stopped.output, /Stopped\./)
    assertGood(await start(t, itself, directory))
  })

  test('tells in a sentence, without a stack, what stands in its way', async (t) => {
    const env = { ENVOYER_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' }
    const run = await start(t, itself, await temporaryDirectory(), { env })
    assert.equal(run.code, 1)
    assert.match(run.errors, /^\nThe demo cannot go on: .*ENVOYER_DATABASE_URL.*\n$/)
  })
})
