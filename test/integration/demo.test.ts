import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { blocksOf, readPage } from '../docs/page.ts'
import { temporaryDirectory } from '../support/database.ts'
import { typescript } from '../support/typescript.ts'

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
const itself = [process.execPath, ...typescript, 'demo/main.ts'] as const

/** The rows of the table under the heading. */
function tableOf(output: string): string[] {
  const section = output.split('What Envoyer remembers')[1]!.split('Who got no ')[0]!
  return section
    .split('\n')
    .filter((line) => /^ {3}(order|password|stock)-/.test(line))
    .map((line) => line.trim().replaceAll(/ {2,}/g, ' | '))
}

const rows = [
  'order-placed | email | jane@bright.example | en | sent',
  'order-placed | console | jane | en | sent',
  'order-placed | email | greta@post.example | de | sent',
  'order-placed | console | greta | en | sent',
  'stock-changed | postoffice | stock | en | sent',
  'stock-changed | postoffice | stock | en | sent',
  'stock-changed | postoffice | stock | en | sent',
  'order-shipped | email | jane@bright.example | en | sent',
  'order-shipped | email | greta@post.example | de | sent',
  'order-shipped | email | kenji@mail.example | en | sent',
  'order-shipped | email | lena@work.example | en | sent',
  'order-shipped | email | family@home.example | en | sent',
  'order-shipped | email | otto@closed.example | en | failed: smtp-550',
  'order-shipped | webhook | http://…/warehouse | en | http-503, then sent',
  'order-shipped | webhook | http://…/accounts | en | sent',
  'order-arriving | sms | +491713920012 | de | sent',
  'order-arriving | sms | +447700900123 | en | sent',
  'order-arriving | sms | +12125550147 | en | failed: twilio-21614',
  'order-arriving | email | jane@bright.example | en | sent, as fallback',
  'password-reset | email | greta@post.example | de | sent',
]

function assertGood(run: Run): void {
  assert.equal(run.code, 0, run.output + run.errors)
  assert.deepEqual(tableOf(run.output), rows)
  assert.match(run.output, /All 20 deliveries ended as they should/)
  assert.match(run.output, /email +no-address +Phil, Warehouse, Accounts/)
  assert.match(run.output, /bulk_messages\/ {2}\d+ in one request/)
  const segments = [...run.output.matchAll(/^ {3}(\+\d+): .*, (\d+) segments? of GSM-7$/gm)]
  assert.deepEqual(segments.map(([, to, count]) => `${to} ${count}`).sort(), [
    '+447700900123 1',
    '+491713920012 2',
  ])
  // A terminal of 80 columns breaks no line, but for the test's own long path.
  const wide = run.output.split('\n').filter((line) => line.length > 80)
  assert.deepEqual(
    wide.filter((line) => !line.includes('envoyer-test-')),
    [],
  )
  // Nobody who reads a file of it wants escape sequences, and nothing was to be warned of.
  assert.ok(!run.output.includes('\x1b'))
  assert.equal(run.errors.replaceAll(/^npm warn .*\n/gm, ''), '')
}

/** Delays are others each time. */
const linesOf = (text: string) =>
  text
    .replace(/in \d+ ms/g, 'in … ms')
    .split('\n')
    .map((line) => line.trim().replace(/ {2,}|─{2,}/g, ' '))

describe('npm run demo', () => {
  test('ends well in an empty place, and once more beside what the first run left', async (t) => {
    const directory = join(await temporaryDirectory(), '.envoyer')
    const first = await start(t, npmRunDemo, directory)
    assertGood(first)
    const second = await start(t, npmRunDemo, directory)
    assertGood(second)
    const shown = blocksOf(await readPage('README.md')).find(({ text }) => text.includes('[…]'))!
    const printed = new Set(linesOf(first.output))
    const invented = linesOf(shown.text).filter((line) => line !== '[…]' && !printed.has(line))
    assert.deepEqual(invented, [], 'the README shows what it does not print')
    const tookMs = Math.min(first.tookMs, second.tookMs)
    assert.ok(tookMs < limitMs, `it took ${tookMs} ms`)
    assert.equal((await readdir(join(directory, 'mails'))).length, 9)
  })

  test('fails, and says of each delivery why, where the mail server refuses everything', async (t) => {
    const env = { DEMO_BREAK: 'mail' }
    const run = await start(t, npmRunDemo, await temporaryDirectory(), { env })
    assert.equal(run.code, 1, run.output)
    const said = run.output.match(/✗ .*: failed at try 1 \(smtp-550\), not sent at try 1/g)
    assert.equal(said?.length, 9, run.output)
  })

  test('fails where Twilio refuses every number, though mails go out instead', async (t) => {
    const env = { DEMO_BREAK: 'sms' }
    const run = await start(t, itself, await temporaryDirectory(), { env })
    assert.equal(run.code, 1, run.output)
    assert.match(run.output, /sms to \+491713920012: failed at try 1 \(twilio-21614\), not sent/)
    assert.match(run.output, /email to greta@post\.example: nobody expected this delivery/)
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

  test('stops in silence where nobody reads on', async (t) => {
    const command = `"${process.execPath}" ${typescript.join(' ')} demo/main.ts | head -n 3`
    const run = await start(t, ['sh', '-c', command], await temporaryDirectory())
    assert.match(run.output, /^Harbour Tea.*\n\n1\. A shop opens\n$/)
    assert.equal(run.errors, '')
  })

  test('tells in a sentence, without a stack, what stands in its way', async (t) => {
    const env = { ENVOYER_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' }
    const run = await start(t, itself, await temporaryDirectory(), { env })
    assert.equal(run.code, 1)
    assert.match(run.errors, /^\nThe demo cannot go on: .*ENVOYER_DATABASE_URL.*\n$/)
  })
})
