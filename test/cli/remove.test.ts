import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { type CommandProject, commandProject } from '../support/command-project.ts'
import { postgres } from '../support/engines.ts'

let project: CommandProject
before(async () => {
  project = await commandProject(postgres)
  await project.run('migrate')
  for (const name of ['jane', 'otto']) {
    const to = ['--to', `${name}@example.com`]
    await project.run('send', 'welcome', ...to, '--context', '{"name":"x"}', '--at', '1d')
  }
})

test('status shows what waits, and that no worker runs', async () => {
  const { stdout } = await project.run('status')
  assert.match(stdout, /^console +on +2 +0 +0 +0 +0 +2$/m)
  assert.match(stdout, /No worker runs/)
  const seen: { channels: { scheduled: number }[] } = await project.json(['status'])
  assert.equal(seen.channels[0]!.scheduled, 2)
})

test('erase tells how much it is, and erases a person once that is agreed to', async () => {
  const { run, json } = project
  const whose = ['erase', '--to', 'jane@example.com']
  const planned: { cancelled: number } = await json([...whose, '--dry-run'])
  assert.equal(planned.cancelled, 1)
  const unasked = await run(...whose)
  assert.equal(unasked.code, 2)
  assert.match(unasked.stderr, /from 1 delivery, 1 of which are cancelled.*add --yes/)
  const erased: { deliveries: number; left: number } = await json([...whose, '--yes'])
  assert.deepEqual([erased.deliveries, erased.left], [1, 0])
  assert.equal((await run('erase')).code, 2)
})

test('cancel --pending cancels all that wait, and send had said until when', async () => {
  const { json, run } = project
  const later = ['send', 'welcome', '--to', 'otto@example.com', '--context', '{"name":"Otto"}']
  const { stdout } = await run(...later, '--at', '2040-01-02T03:04:05Z')
  assert.match(stdout, / otto@example\.com +2040-01-02T03:04:05Z/)
  const all = ['deliveries', 'cancel', '--pending', '--event', 'welcome']
  assert.deepEqual(await json([...all, '--dry-run']), { dryRun: true, count: 2 })
  assert.deepEqual(await json([...all, '--yes']), { cancelled: 2 })
})

test('prune removes what was completed, when it is old enough', async () => {
  const pruned = await project.run('prune', '--days', '1')
  assert.equal(pruned.stdout, 'Removed 0 notifications with 0 deliveries.\n')
  const long = await project.run('prune', '--days', '999999999')
  assert.match(long.stderr, /^option-invalid: .*`days` must be a number of days from 0 to 365000 /)
  assert.equal(long.code, 2)
  const longest = await project.run('prune', '--days', '365000', '--dry-run')
  assert.equal(longest.stdout, '0 notifications with 0 deliveries would be removed.\n')
  const none = await project.run('prune', '--days', 'all')
  assert.equal(none.code, 2)
})
