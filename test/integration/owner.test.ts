import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectToOwner, findOwner } from '../../src/database/index.ts'
import type { Configuration } from '../../src/option/configuration.ts'
import { createId } from '../../src/outbox/id.ts'
import { operations } from '../../src/owner/operations.ts'
import { createPeer, type Peer } from '../../src/owner/peer.ts'
import { termsOf } from '../../src/wiring/open.ts'
import { temporaryDirectory, until } from '../support/database.ts'
import { createDoor } from '../support/door.ts'
import { createOwnerApp, exercise, type OwnerApp, User, usersUpTo } from '../support/owner-app.ts'
import type { OwnerChildMethods } from '../support/owner-child.ts'
import { recorder } from '../support/pager.ts'
import { type Remote, startRemote } from '../support/remote.ts'
import { told } from '../support/told.ts'

const context = { what: 'smoke' }
const later = new Date('2033-05-06T07:08:09Z')

type Child = Remote<OwnerChildMethods, object>
async function startChild(t: TestContext, directory: string): Promise<Child> {
  const child = await startRemote<OwnerChildMethods, object>('support/owner-child.ts', {
    directory,
  })
  t.after(() => child.kill('SIGKILL'))
  return child
}

function methodsOf(object: object, before = ''): string[] {
  return Object.entries(object).flatMap(([key, value]) => {
    if (typeof value === 'function') return [`${before}${key}`]
    return typeof value === 'object' ? methodsOf(value, `${before}${key}.`) : []
  })
}

test('every public method is carried, or named as local', async () => {
  const app = createOwnerApp('unopened')
  assert.deepEqual(methodsOf(app).sort(), Object.keys(operations).sort())
})

describe('a second process', () => {
  test('does all that the first one can, with the same outcome', async (t) => {
    const [alone, shared] = [await temporaryDirectory(), await temporaryDirectory()]
    const starting = startChild(t, shared)
    const home = createOwnerApp(alone)
    const here = await exercise(home)
    await home.close()
    const owner = createOwnerApp(shared)
    await owner.settings.get('pager')
    const child = await starting
    const there = await child.ask('exercise')
    assert.deepEqual(there, told(here))
    // What is not exercised is not shown to be the same.
    const local = ['on', 'transaction', 'verify', 'metrics', 'move', 'close']
    const missing = Object.keys(operations).filter(
      (name) => !(name in here || local.includes(name)),
    )
    assert.deepEqual(missing, [])
    // Through the owner, and not beside it.
    assert.equal((await findOwner(shared))?.pid, process.pid)
    await child.ask('close')
    await owner.close()
  })

  test('goes on with what it waits for, and works, when the owner leaves', async (t) => {
    const directory = await temporaryDirectory()
    const backend = recorder()
    const owner = createOwnerApp(directory, backend)
    await owner.settings.set('pager', { paused: true })
    const child = await startChild(t, directory)
    await child.ask('work')
    const id = await child.ask('send', 'ada')
    const waiting = child.ask('waitFor', id)
    await owner.settings.set('pager', { paused: false })
    assert.deepEqual(await waiting, { sent: 1, failed: 0, cancelled: 0 })
    // Nobody works in this process but for the child.
    assert.deepEqual(
      backend.sent.map(({ address }) => address),
      ['ada'],
    )
    await owner.settings.set('pager', { paused: true })
    const second = await child.ask('send', 'bob')
    const completed = child.ask('waitFor', second)
    await owner.settings.reset('pager')
    await owner.close()
    assert.deepEqual(await completed, { sent: 1, failed: 0, cancelled: 0 })
    const third = await child.ask('send', 'eve')
    assert.deepEqual(await child.ask('waitFor', third), { sent: 1, failed: 0, cancelled: 0 })
    assert.ok((await child.ask('sentHere')).includes('eve'))
    await child.ask('close')
    assert.equal(await findOwner(directory), undefined)
  })
})

test('who asks while the owner closes waits for its successor', async (t) => {
  const directory = await temporaryDirectory()
  const owner = createOwnerApp(directory)
  await owner.send('alarm', new User('ada'), context, { at: later })
  const child = await startChild(t, directory)
  await child.ask('send', 'bob')
  const [sender, comesLate] = [createOwnerApp(directory), createOwnerApp(directory)]
  const door = createDoor()
  async function* source() {
    yield new User('early')
    await door.opened
  }
  const sending = sender.send('alarm', source(), context, { at: later })
  await until(async () => (await owner.deliveries.list({ to: 'early' })).length === 1, 'early')
  // It waits for what it has been asked, and takes no more.
  const closing = owner.close()
  await sleep(300)
  const asked = [child.ask('listAlone'), comesLate.deliveries.list().then((found) => found.length)]
  await sleep(300)
  door.open()
  assert.deepEqual(await Promise.all(asked), [3, 3])
  await Promise.all([closing, sending])
  await Promise.all([child.ask('close'), sender.close(), comesLate.close()])
})

describe('an owner that is killed between what it has written and its answer', () => {
  const calls = [
    ['one', () => new User('one'), 1],
    ['an array', () => [...usersUpTo(1500)], 1500],
    ['an iterable', () => usersUpTo(2500), 2500],
  ] as const
  for (const [what, recipients, count] of calls) {
    test(`a send to ${what} is done once`, async (t) => {
      const directory = await temporaryDirectory()
      const child = await startChild(t, directory)
      await child.ask('send', 'first')
      await child.ask('dieOnceWritten')
      const client = createOwnerApp(directory)
      t.after(() => client.close())
      const result = await client.send('alarm', recipients() as User, context, { at: later })
      assert.equal(await child.ended, 'SIGKILL')
      assert.equal(result.repeated, false)
      assert.deepEqual([result.count, result.skipped.total], [count, 0])
      const [row] = (await client.transaction((manager) =>
        manager.query(
          `SELECT count(*)::int AS deliveries, count(DISTINCT notification_id)::int AS notifications
           FROM envoyer.delivery WHERE send_at > now() + interval '1 year'`,
        ),
      )) as unknown[]
      assert.deepEqual(row, { deliveries: count, notifications: 1 })
    })
  }
})

describe('two envoyers on one directory', () => {
  let directory: string
  let backend: ReturnType<typeof recorder>
  let owner: OwnerApp
  let client: OwnerApp
  let peer: Peer

  before(async () => {
    directory = await temporaryDirectory()
    backend = recorder()
    owner = createOwnerApp(directory, backend)
    await owner.settings.get('pager')
    client = createOwnerApp(directory)
    const terms = termsOf({ schema: 'envoyer' } as Configuration)
    const found = (await findOwner(directory))!
    const connection = await connectToOwner({ ...found, socket: found.socket! }, terms)
    peer = createPeer(connection, async () => {})
  })
  after(async () => {
    peer.end()
    await client.close()
    await owner.close()
  })

  test('a transaction works only where the database is', async () => {
    const locked = { code: 'database-locked' }
    await assert.rejects(
      client.transaction(async () => {}),
      locked,
    )
    await owner.transaction(async (manager) => {
      const database = manager
      await assert.rejects(client.send('alarm', new User('a'), context, { database }), locked)
    })
  })

  test('a call that is asked again is done once', async () => {
    const again = { again: true }
    const item = JSON.stringify({
      recipient: { stored: {}, zone: 'UTC', zoneUnknown: false, immediate: false },
      routes: { pager: [{ address: 'once', addressKey: 'once' }] },
    })
    const call = ['alarm', { kind: 'one', item }, context, {}, createId()]
    const first = (await peer.ask('send', call)) as { notificationId: string }
    const second = (await peer.ask('send', call, again)) as { notificationId: string }
    assert.equal(second.notificationId, first.notificationId)

    const worker = await client.worker({ pollMs: 20, stopOn: [] })
    await client.waitFor(first)
    const [sent] = await client.deliveries.list({ to: 'once' })
    const newId = createId()
    for (const options of [{}, again]) {
      assert.equal(await peer.ask('deliveries.resend', [sent!.id, newId], options), newId)
    }
    await client.waitFor(first)
    await worker.stop()
    assert.equal((await client.deliveries.list({ to: 'once' })).length, 2)

    const state = { code: 'delivery-state' }
    const waits = await client.send('alarm', new User('waits'), context, { at: later })
    const { id } = waits.deliveries[0]!
    await peer.ask('deliveries.cancel', [id])
    await assert.rejects(peer.ask('deliveries.cancel', [id]), state)
    await peer.ask('deliveries.cancel', [id], again)
    await assert.rejects(peer.ask('deliveries.retry', [id], again), state)
    await assert.rejects(peer.ask('deliveries.reschedule', [id, {}], again), state)
    await peer.ask('deliveries.retry', [sent!.id], again)
    assert.deepEqual(await peer.ask('deliveries.reschedule', [sent!.id, {}], again), {
      sendAt: sent!.sendAt,
      reason: 'open',
    })
  })

  test('only what is on the list is done', async () => {
    for (const name of ['close', 'transaction', 'on', 'constructor', 'deliveries.resendAs', 'x']) {
      await assert.rejects(peer.ask(name, []), { code: 'option-invalid' }, name)
    }
  })

  test('a slow source is written as it comes, and one that is held up holds nobody up', async () => {
    const door = createDoor()
    async function* source() {
      yield new User('early')
      await door.opened
      yield new User('late')
    }
    const sending = client.send('alarm', source(), context, { at: later })
    await until(async () => (await owner.deliveries.list({ to: 'early' })).length === 1, 'early')
    const many = Array.from({ length: 300 }, (_, n) =>
      client.send('alarm', new User(`beside-${n}`), context, { at: later }),
    )
    await Promise.all(many)
    door.open()
    assert.equal((await sending).count, 2)
  })

  test('an owner that closes finishes what is asked; the client takes its place', async () => {
    const sending = client.send('alarm', usersUpTo(3000), context, { at: later })
    const listing = client.deliveries.list()
    await listing
    await owner.close()
    const result = await sending
    assert.equal(result.count, 3000)
    assert.equal(result.skipped.total, 0)
    assert.equal((await client.send('alarm', new User('after'), context)).count, 1)
    assert.equal((await client.transaction((manager) => manager.query('SELECT 1'))).length, 1)
  })
})
