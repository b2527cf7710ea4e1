import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { runCommand } from '../support/command.ts'
import { type CommandProject, commandProject } from '../support/command-project.ts'
import { postgres } from '../support/engines.ts'

let project: CommandProject
before(async () => {
  project = await commandProject(postgres)
  await project.run('migrate')
})

const jane = ['--to', 'jane@example.com', '--context', '{"name":"Jane"}']

/** A delivery that waits for two hours. */
async function sendLater(): Promise<{ readonly id: string; readonly sendAt: string }> {
  const written: { deliveries: [{ id: string; sendAt: string }] } = await project.json([
    ...['send', 'welcome', ...jane, '--at', '2h'],
  ])
  return written.deliveries[0]
}

test('a channel is paused, switched off and on; test says that its backend cannot be checked', async () => {
  const { run, json } = project
  assert.deepEqual(await json(['channels', 'pause', 'console']), {
    channel: 'console',
    on: true,
    paused: true,
  })
  assert.match((await run('channels', 'list')).stdout, /^console {2,}paused$/m)
  const held = await run('send', 'welcome', ...jane)
  assert.match(held.stdout, /jane@example\.com {2,}when resumed {2,}the channel is paused$/m)
  const told: { paused: string[] } = await json(['send', 'welcome', ...jane])
  assert.deepEqual(told.paused, ['console'])
  assert.equal((await run('channels', 'off', 'console')).stdout, 'console is off, and paused.\n')
  await run('channels', 'resume', 'console')
  const sent = await run('send', 'welcome', ...jane)
  assert.equal(sent.code, 1, 'nobody is reached')
  assert.match(sent.stdout, /^0 deliveries written[\s\S]*1 not reached by console: channel-off/)
  assert.match((await run('channels', 'on', 'console')).stdout, /^console is on\.$/m)
  assert.deepEqual(await json(['channels', 'test', 'console']), {
    channel: 'console',
    supported: false,
  })
  const unknown = await run('channels', 'off', 'sms')
  assert.equal(unknown.code, 2)
  assert.match(unknown.stderr, /^channel-unknown: .*"sms"/)
})

test('a template is set, shown, previewed, exported, checked and reset', async () => {
  const { run, json, folder } = project
  const place = ['welcome', 'console', 'text']
  for (const [names, said] of [
    [['farewell', 'console', 'text'], /no event is "farewell"; there are welcome/],
    [['welcome', 'fax', 'text'], /no channel is "fax"; there are console/],
    [['welcome', 'console', 'subject'], /no part of console is "subject"; there are text/],
  ] as const) {
    const refused = await run('templates', 'set', ...names, 'x')
    assert.match(refused.stderr, said)
    assert.equal(refused.code, 2)
  }
  const wrong = await run('templates', 'set', ...place, 'Hi {{ name')
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /^template-invalid: /)
  const set = await runCommand(['templates', 'set', ...place, '-'], {
    folder,
    input: 'Hi {{ name }}, {{ nmae }}',
  })
  assert.match(set.stdout, /^Kept: .*\n.*welcome\/console\.text.*unknown-variable: .*nmae.*\n$/)
  assert.equal((await run('templates', 'show', ...place)).stdout, 'Hi {{ name }}, {{ nmae }}\n')
  const checked = await run('templates', 'check')
  assert.equal(checked.code, 1)
  assert.match(checked.stdout, /unknown-variable: .*nmae/)

  await writeFile(join(folder, 'hallo.txt'), 'Hallo {{ name }}')
  const german = ['--locale', 'de']
  const flawed = await run('templates', 'set', ...place, 'Hallo {{ nome }}', ...german)
  assert.match(
    flawed.stdout,
    /^Kept: .*\n.*welcome\/de\/console\.text.*unknown-variable: .*nome.*\n$/,
  )
  const mended = await run('templates', 'set', ...place, '@hallo.txt', ...german)
  assert.match(mended.stdout, /^Kept: .*\n$/, 'what is wrong with the base is not told again')
  const preview = await run(
    'templates',
    'preview',
    'welcome',
    'console',
    '--locale',
    'de',
    '--context',
    '{"name":"Jörg"}',
  )
  assert.match(preview.stdout, /^text \(de\)\nHallo Jörg\n$/)
  const sample: { sample: boolean } = await json(['templates', 'preview', 'welcome', 'console'])
  assert.equal(sample.sample, true)

  const kept = await run('templates', 'export', 'templates')
  assert.equal(kept.code, 1, 'a file that is different stays, and that is told')
  assert.equal((await run('templates', 'export', 'templates', '--overwrite')).code, 0)
  assert.match(
    await readFile(join(folder, 'templates/welcome/console.text.liquid'), 'utf8'),
    /nmae/,
  )

  assert.match((await run('templates', 'list')).stdout, /^welcome {2,}console {2,}text {2,}de/m)
  const reset: { removed: number } = await json(['templates', 'reset', 'welcome', 'console'])
  assert.equal(reset.removed, 2)
})

test('windows are set, listed, applied to what waits, and cleared', async () => {
  const { run, json } = project
  await run(
    'windows',
    'set',
    '--channel',
    'console',
    'mon-fri 09:00-18:00',
    '10:00-13:00',
    '--except',
    '2026-12-24..2026-12-26',
  )
  assert.match(
    (await run('windows', 'list')).stdout,
    /^channel {2}console {2}mon-fri 09:00-18:00; 10:00-13:00 {2}2026-12-24\.\.2026-12-26 {2}settings$/m,
  )
  const nights = ['windows', 'set', '--event', 'welcome', 'sat 20:00-21:00']
  const { neverMeets }: { neverMeets: string[] } = await json(nights)
  assert.deepEqual(neverMeets, ['console'])
  const at = (await run('send', 'welcome', ...jane)).stdout
  assert.match(at, /jane@example\.com {2,}now {2,}windows-never-meet$/m)
  await run('windows', 'clear', '--event', 'welcome')
  const { id } = await sendLater()
  await run('windows', 'set', '--channel', 'console', '--any-time')
  const applied: { moved: number } = await json(['windows', 'apply', '--dry-run'])
  assert.ok(applied.moved <= 1)
  await run('windows', 'clear', '--channel', 'console')
  const moved: { reason: string } = await json([
    'deliveries',
    'reschedule',
    id,
    '--at',
    '2030-01-01T08:00:00Z',
  ])
  assert.equal(moved.reason, 'open')
  const waiting: { id: string }[] = await json(['deliveries', 'list', '--scheduled'])
  assert.deepEqual(
    waiting.map((each) => each.id),
    [id],
  )
  await run('deliveries', 'cancel', id)
  const again = await run('deliveries', 'cancel', id)
  assert.equal(again.code, 1)
  assert.match(again.stderr, /^delivery-state: .*is cancelled/)
  for (const args of [
    ['set', '--channel', 'console'],
    ['clear'],
    ['set', 'always', '--event', 'welcome'],
  ]) {
    assert.equal((await run('windows', ...args)).code, 2)
  }
  const long = [
    '09:00-18:00',
    '--event',
    'welcome',
    '--except',
    '2026-12-24..2026-12-26..2026-12-31',
  ]
  const three = await run('windows', 'set', ...long)
  assert.match(
    three.stderr,
    /^usage: .*"2026-12-24\.\.2026-12-26\.\.2026-12-31" is no date and no range/,
  )
  assert.equal(three.code, 2)
})

test('several by id: each is done, or told why not; a dry run does none', async () => {
  const { run, json } = project
  const [{ id: first }, { id: second }] = [await sendLater(), await sendLater()]
  const cancel = ['deliveries', 'cancel', 'nope', first, first, second]
  const dry: { count: number } = await json([...cancel, '--dry-run'], 1)
  assert.equal(dry.count, 2)
  const status = async (id: string) =>
    ((await json(['deliveries', 'show', id])) as { status: string }).status
  assert.equal(await status(first), 'pending')
  const done: { cancelled: number; problems: { id: string; problem: string }[] } = await json(
    cancel,
    1,
  )
  assert.equal(done.cancelled, 2)
  assert.deepEqual(
    done.problems.map(({ id, problem }) => [id, /not-found/.test(problem)]),
    [['nope', true]],
  )
  assert.equal(await status(second), 'cancelled')
  const refused = await run('deliveries', 'retry', second, '--dry-run')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /^delivery-state: .*is cancelled, so it would not be tried again/)
})

test('another deadline alone leaves the time; without any of them nothing is moved', async () => {
  const { run, json } = project
  const { id, sendAt } = await sendLater()
  const none = await run('deliveries', 'reschedule', id)
  assert.equal(none.code, 2)
  assert.match(none.stderr, /^usage: .*--at, or --immediate/)
  const moved: { sendAt: string } = await json(['deliveries', 'reschedule', id, '--deadline', '9h'])
  assert.equal(moved.sendAt, sendAt)
  await run('deliveries', 'cancel', id)
})

test('an event or channel that nobody knows is a misspelling, and no "ok"', async () => {
  const { run } = project
  for (const [args, said] of [
    [['monitor', '--status', 'failed', '--event', 'nope'], /^event-unknown: .*"nope".*welcome/],
    [['monitor', '--status', 'pending', '--channel', 'emial'], /^channel-unknown: .*console/],
    [['deliveries', 'list', '--event', 'nope'], /^event-unknown: /],
    [['deliveries', 'cancel', '--pending', '--channel', 'x', '--yes'], /^channel-unknown: /],
  ] as const) {
    const ran = await run(...args)
    assert.match(ran.stderr, said)
    assert.equal(ran.code, 2)
  }
})

test('a worker of no channel at all is refused', async () => {
  for (const channels of ['', ',']) {
    const ran = await project.run('worker', '--channels', channels)
    assert.match(ran.stderr, /^option-invalid: .*`channels` must be a list with at least one name/)
    assert.equal(ran.code, 2)
  }
})

test('doctor looks at everything', async () => {
  const { code, stdout } = await project.run('doctor')
  assert.equal(code, 0, stdout)
  assert.match(stdout, /^ok +database /m)
  assert.match(stdout, /^ok +schema /m)
})

test('send is wrong in what it is given: the context and the recipients are told', async () => {
  const { run } = project
  const cases: [args: string[], code: number, said: RegExp][] = [
    [['--to', 'jane', '--context', '{}'], 2, /^usage: .*--to "jane" is no mail address/],
    [['--to', 'a@b.example', '--context', '{'], 2, /^usage: .*--context is not JSON/],
    [['--to', 'a@b.example', '--context', '@gone.json'], 2, /gone\.json cannot be read \(ENOENT\)/],
    [['--to', 'a@b.example', '--context', '{}'], 1, /^context-invalid: .*`name`/],
    [['--to', '[]'], 2, /^usage: .*--to holds no recipient/],
    [['--to', '-', '--context', '-'], 2, /^usage: .*standard input can be read once/],
    [['--to', 'a@b.example', '--locale', 'deutsch'], 2, /^usage: .*a language tag: de, pt-BR/],
    [['--to', 'a@b.example', '--timeout', '5s'], 2, /^usage: .*--timeout is for --wait/],
  ]
  for (const [args, code, said] of cases) {
    const ran = await run('send', 'welcome', ...args)
    assert.match(ran.stderr, said)
    assert.equal(ran.code, code)
  }
})
