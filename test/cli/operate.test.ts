import assert from 'node:assert/strict'
import { once } from 'node:events'
import { before, test } from 'node:test'
import { startCommand } from '../support/command.ts'
import { type CommandProject, commandProject } from '../support/command-project.ts'
import { until } from '../support/database.ts'
import { onEveryEngine } from '../support/engines.ts'

interface Listed {
  readonly id: string
  readonly status: string
  readonly addressKey: string
  readonly errorCode: string | null
}

onEveryEngine('from sending to the way out of a failure', (engine) => {
  let project: CommandProject
  let failed: Listed
  before(async () => {
    project = await commandProject(engine)
  })

  test('migrate tells first what would run', async () => {
    const { json, run } = project
    if (engine.name === 'postgres') {
      const early = await run('deliveries', 'list')
      assert.equal(early.code, 1)
      assert.match(early.stderr, /^schema-old: .*envoyer migrate/)
    }
    const planned: { migrations: string[] } = await json(['migrate', '--dry-run'])
    assert.ok(planned.migrations.length >= 3)
    const ran: { migrations: string[] } = await json(['migrate'])
    assert.deepEqual(ran.migrations, planned.migrations)
  })

  test('send writes a delivery for each recipient, and tells whom it does not reach', async () => {
    const sent: { count: number; deliveries: { to: string }[] } = await project.json([
      ...['send', 'welcome', '--context', '{"name":"Jane"}', '--key', 'once'],
      ...['--to', 'jane@example.com', '--to', '{"email":"otto@closed.example","userId":"7"}'],
    ])
    assert.equal(sent.count, 2)
    assert.deepEqual(sent.deliveries.map(({ to }) => to).sort(), [
      'jane@example.com',
      'otto@closed.example',
    ])
  })

  test('worker delivers until SIGTERM, says when it starts and stops, and ends with 0', async () => {
    const child = startCommand(['worker', '--concurrency', '5'], project)
    let printed = ''
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
    let complained = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      complained += text
    })
    const ended = once(child, 'close')
    const over = () => printed.split('tried').length === 3 || child.exitCode !== null
    await until(over, 'both were tried', 60_000)
    child.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null], complained)
    assert.match(printed, /^The worker has started \(process \d+\) and serves console\.\n/)
    assert.match(printed, /\nThe worker has stopped on SIGTERM after .*\.\n$/)
  })

  test('deliveries list finds what failed, and show says why', async () => {
    const all: Listed[] = await project.json(['deliveries', 'list', '--since', '1h'])
    assert.deepEqual(all.map(({ status }) => status).sort(), ['failed', 'sent'])
    failed = all.find(({ status }) => status === 'failed')!
    assert.equal(failed.errorCode, 'gone')
    if (engine.name === 'embedded') return
    const found: Listed[] = await project.json([
      ...['deliveries', 'list', '--status', 'failed,cancelled', '--code', 'gone', '--user', '7'],
      ...[
        '--to',
        'otto@closed.example',
        '--event',
        'welcome',
        '--channel',
        'console',
        '--limit',
        '5',
      ],
    ])
    assert.deepEqual(
      found.map(({ id }) => id),
      [failed.id],
    )
    const shown = await project.run('deliveries', 'show', failed.id)
    assert.match(shown.stdout, /^code {2,}gone$/m)
    assert.match(shown.stdout, /^failed try 1\n {2}.* by post, .*: gone: no such box$/m)
    const none = await project.run('deliveries', 'list', '--after', failed.id, '--until', '1h')
    assert.deepEqual(none, { code: 0, stdout: 'No deliveries.\n', stderr: '' })
  })

  test('monitor ends with 1 at the limit, and below it with 0', async () => {
    const over = await project.run(
      'monitor',
      '--status',
      'failed',
      '--limit',
      '1',
      '--minutes',
      '60',
    )
    assert.equal(over.code, 1)
    assert.equal(over.stdout, 'too many: 1 delivery failed within 60 min (limit 1)\n')
    if (engine.name === 'embedded') return
    const under = await project.run('monitor', '--status', 'failed', '--limit', '2')
    assert.deepEqual(under, { code: 0, stdout: 'ok: 1 delivery failed (limit 2)\n', stderr: '' })
    assert.equal((await project.run('monitor', '--status', 'sent', '--limit', '2')).code, 2)
  })

  test('deliveries retry counts, does nothing that nobody agreed to, and tries again', async () => {
    const all = ['deliveries', 'retry', '--failed', '--code', 'gone,other', '--since', '1h']
    if (engine.name === 'postgres') {
      assert.deepEqual(await project.json([...all, '--dry-run']), { dryRun: true, count: 1 })
      const unasked = await project.run(...all)
      assert.equal(unasked.code, 2)
      assert.match(unasked.stderr, /^usage: .*1 delivery will be tried again.*add --yes/)
      const neither = await project.run('deliveries', 'retry', '--code', 'gone')
      assert.equal(neither.code, 2)
    }
    assert.deepEqual(await project.json([...all, '--yes']), { retried: 1, left: 0 })
    const shown: Listed & { failures: unknown[] } = await project.json([
      ...['deliveries', 'show', failed.id],
    ])
    assert.equal(shown.status, 'pending')
  })

  test('send --wait tells what it has written also where the time is up', async () => {
    if (engine.name === 'embedded') return
    const send = ['send', 'welcome', '--to', 'jane@example.com', '--context', '{"name":"Jane"}']
    const late = await project.run(...send, '--wait', '--timeout', '1s')
    assert.equal(late.code, 1)
    assert.match(late.stdout, /^1 delivery written: notification /)
    assert.match(late.stderr, /^wait-timeout: /)
    const document: { count: number } = await project.json(
      [...send, '--wait', '--timeout', '1s'],
      1,
    )
    assert.equal(document.count, 1)
  })
})
