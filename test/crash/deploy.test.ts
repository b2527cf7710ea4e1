import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../support/database.ts'
import { freshSchema, postgresUrl, redisUrl } from '../support/engines.ts'
import { type Remote, startRemote } from '../support/remote.ts'
import { Folder } from '../unit/template-folder.ts'
import type { DeployMethods, DeploySettings, Told } from './deploy-child.ts'

type Process = Remote<DeployMethods, Told>

/** Each version has its own; the second has renamed what the first includes, and dropped a language. */
const templates = {
  1: new Folder({
    ...texts(1, ['placed', 'shipped', 'moved'], 'signature'),
    '_signature.liquid': 'the first',
    'placed/pager.text.de.liquid': 'deutsch',
  }),
  2: new Folder({
    ...texts(2, ['placed', 'shipped', 'moved', 'arrived'], 'footer'),
    '_footer.liquid': 'the second',
  }),
}

function texts(version: number, events: readonly string[], part: string) {
  return Object.fromEntries(
    events.map((event) => [
      `${event}/pager.text.liquid`,
      `version ${version}, ${event} {{ orderId }}, {% render '_${part}' %}`,
    ]),
  )
}

describe('two versions of an application side by side', () => {
  const place = { databaseUrl: postgresUrl(), schema: freshSchema() }
  const processes: Process[] = []
  const start = async (version: DeploySettings['version']) => {
    const { directory } = templates[version === 1 ? 1 : 2]
    const settings = { ...place, version, templates: directory }
    const made = await startRemote<DeployMethods, Told>('crash/deploy-child.ts', settings, {
      env: { ENVOYER_REDIS_URL: redisUrl() },
    })
    processes.push(made)
    return made
  }
  const told = () => processes.flatMap((each) => each.told)
  const sentTo = (to: string) =>
    told().flatMap((each) => (each.type === 'sent' && each.to === to ? [each] : []))
  const versionsOf = (to: string) => sentTo(to).map(({ version }) => version)
  const settled = (by: Process) =>
    until(async () => (await by.ask('open')) === 0, 'the rest', 30_000)

  let first: Process
  let second: Process
  before(async () => {
    first = await start(1)
    // Its tables are there before the next version comes.
    assert.equal(await first.ask('open'), 0)
    second = await start(2)
  })
  after(() => {
    for (const each of processes) each.kill('SIGKILL')
    for (const folder of Object.values(templates)) folder[Symbol.dispose]()
  })

  test('an event that the old workers do not know waits for the new ones, and is not tried', async () => {
    await first.ask('work')
    const { to, id } = await second.ask('send', 'arrived')
    const follows = await second.ask('send', 'placed', { follow: 'arrived' })
    await until(() => sentTo(follows.to).length === 1, follows.to, 10_000)
    await sleep(500)
    assert.deepEqual(
      [(await second.ask('get', id)).status, (await second.ask('get', id)).attempts],
      ['pending', 0],
    )
    await second.ask('work')
    for (const each of [to, `after-${follows.to}`]) {
      await until(() => sentTo(each).length === 1, each, 15_000)
      assert.deepEqual(versionsOf(each), [2])
    }
  })

  test('what only the old version can read is left to it, as long as it is there', async () => {
    const ids: string[] = []
    for (let n = 0; n < 20; n += 1) ids.push((await first.ask('send', 'shipped')).id)
    await settled(second)
    for (const id of ids) assert.equal((await first.ask('get', id)).status, 'sent')
    const mine = told().filter((each) => each.type === 'sent' && each.to.startsWith('shipped-v1'))
    assert.ok(
      mine.length === 20 && mine.every((each) => 'version' in each && each.version === 1),
      'by the first',
    )
  })

  let leftBehind: { to: string; id: string }[]

  test('while the old one sends, is stopped and goes, nothing is lost or doubled', async () => {
    const at = new Date(Date.now() + 4000)
    leftBehind = [
      await first.ask('send', 'shipped', { at }),
      await first.ask('send', 'shipped', { at }),
    ]
    const german = await first.ask('send', 'placed', { at, locale: 'de' })
    const sending = [first.ask('sendAll', 60_000).catch(() => {}), second.ask('sendAll', 3000)]
    await sleep(1500)
    first.kill('SIGTERM')
    assert.equal(await first.ended, 'SIGTERM')
    await Promise.all(sending)
    await settled(second)
    const left = new Set(leftBehind.map(({ to }) => to))
    const counts = new Map<string, number>()
    for (const each of told()) {
      if (each.type === 'sent') counts.set(each.to, (counts.get(each.to) ?? 0) + 1)
    }
    const acknowledged = told().flatMap((each) => (each.type === 'acknowledged' ? [each.to] : []))
    assert.ok(
      acknowledged.length > 100,
      `only ${acknowledged.length} were sent: too few to prove it`,
    )
    const late = acknowledged.filter((to) => !counts.has(to) && !left.has(to))
    assert.deepEqual(
      late.filter((to) => !to.startsWith('shipped-v1')),
      [],
      'lost',
    )
    assert.deepEqual(
      [...counts].filter(([, count]) => count !== 1),
      [],
      'doubled',
    )
    assert.deepEqual(
      sentTo(german.to).map(({ text }) => text.slice(0, 9)),
      ['version 2'],
    )
    console.log(
      `${acknowledged.length} sent, ${late.length} that only the first version could read`,
    )
  })

  test('what nobody can read any more fails with its reason, and goes once that is mended', async () => {
    const [{ id, to } = assert.fail('none was left behind')] = leftBehind
    const { status, errorCode, errorText, attempts } = await second.ask('get', id)
    assert.deepEqual([status, errorCode, attempts], ['failed', 'context-invalid', 26])
    assert.match(errorText!, /`carrier`/)
    second.kill('SIGTERM')
    assert.equal(await second.ended, 'SIGTERM')
    const third = await start(3)
    await third.ask('work')
    await third.ask('retry', id)
    await until(() => sentTo(to).length === 1, to, 10_000)
    assert.deepEqual(versionsOf(to), [3])
    await third.ask('close')
  })
})
