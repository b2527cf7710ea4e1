import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failover, roundRobin } from '../../src/channel/composite.ts'
import { delays } from '../../src/channel/retry.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { DeliveryError, Permanent, RetryAfter } from '../../src/errors.ts'
import { temporaryDirectory, until } from '../support/database.ts'
import { onEveryEngine } from '../support/engines.ts'
import { type Page, pager, pagerEvents, recorder } from '../support/pager.ts'

/** A backend with a name that does as it is told now. */
function member(name: string) {
  const behaviour = { error: undefined as Error | undefined }
  const { sent, ...backend } = recorder((_page: Page) => {
    if (behaviour.error) throw behaviour.error
  })
  return { ...backend, name, sent, behaviour }
}

const down = new DeliveryError('no line', { code: 'ECONNREFUSED' })

onEveryEngine('backends made of backends', (engine) => {
  const retry = delays([10, 10, 10, 10], { jitter: 0 })
  const setUp = (
    compose: typeof failover,
    limits: { failures?: number; downMs?: number } = {},
    place = engine.fresh(),
  ) => {
    const [a, b] = [member('a'), member('b')]
    const start = () =>
      createEnvoyer({
        ...place,
        events: pagerEvents,
        channels: { pager: pager({ backend: compose([a, b], limits), retry }) },
      })
    const envoyer = start()
    const send = async (to: string, by = envoyer) => {
      const result = await by.send('alarm', { pager: to }, { what: 'x' })
      await by.waitFor(result)
      return by.deliveries.get(result.deliveries[0]!.id)
    }
    return { a, b, envoyer, start, send }
  }

  test('the next takes what the first fails at, in the same try, and it is on record', async () => {
    const { a, b, envoyer, send } = setUp(failover)
    await envoyer.worker()
    assert.equal((await send('1')).backend, 'a')
    a.behaviour.error = down
    const passed = await send('2')
    assert.deepEqual([passed.status, passed.attempts, passed.backend], ['sent', 1, 'b'])
    assert.deepEqual(passed.receipt?.passed, [
      { backend: 'a', code: 'ECONNREFUSED', text: 'no line' },
    ])
    assert.deepEqual([a.sent.length, b.sent.length], [1, 1])
    await envoyer.close()
  })

  test('where every member asks for a pause, the message waits for the shortest', async () => {
    const { a, b, envoyer } = setUp(failover)
    a.behaviour.error = new RetryAfter(90_000, 'slow down', { code: 'busy' })
    b.behaviour.error = new RetryAfter(60_000, 'slow down', { code: 'busy', scope: 'backend' })
    const retrying = new Promise<number>((resolve) => {
      envoyer.on('delivery:retrying', ({ delayMs }) => resolve(delayMs))
    })
    await envoyer.send('alarm', { pager: '1' }, { what: 'x' })
    await envoyer.worker()
    assert.equal(await retrying, 60_000)
    await envoyer.close()
  })

  test('a wrong address is not tried elsewhere', async () => {
    const { a, b, envoyer, send } = setUp(failover)
    await envoyer.worker()
    a.behaviour.error = new Permanent('no such number', { code: 'unknown' })
    const { status, backend, failures } = await send('1')
    assert.deepEqual([status, backend, failures[0]?.backend], ['failed', 'a', 'a'])
    assert.equal(b.sent.length, 0)
    await envoyer.close()
  })

  test('one that fails again and again is left alone, by a new worker too, and probed later', async () => {
    const place = engine.fresh()
    const kept = place.directory ? { ...place, directory: await temporaryDirectory() } : place
    const { a, b, envoyer, start, send } = setUp(failover, { failures: 2, downMs: 60_000 }, kept)
    await envoyer.worker({ pollMs: 50 })
    a.behaviour.error = down
    await send('1')
    const second = await send('2')
    assert.ok(second.receipt?.passed)
    a.behaviour.error = undefined
    assert.equal((await send('3')).backend, 'b')
    await envoyer.close()
    const other = start()
    // It knows before it takes anything, even what comes while it starts.
    const early = ['4', '5', '6', '7'].map((to) => send(to, other))
    await other.worker({ pollMs: 50 })
    for (const { backend, receipt } of await Promise.all(early)) {
      assert.deepEqual([backend, receipt?.passed], ['b', undefined])
    }
    // The pause is over.
    await other.transaction((manager) =>
      manager.query(`UPDATE "${kept.schema}".bucket SET blocked_until = now()`),
    )
    await until(async () => (await send('8', other)).backend === 'a', 'a probe')
    assert.equal((await send('9', other)).backend, 'a')
    assert.ok(b.sent.length >= 3)
    await other.close()
  })

  test('with all of them down, every message is still tried', async () => {
    const { a, b, envoyer, send } = setUp(failover, { failures: 1, downMs: 60_000 })
    await envoyer.worker()
    a.behaviour.error = down
    b.behaviour.error = new RetryAfter(60_000, 'later', { code: 'http-429', scope: 'backend' })
    const failed = await send('1')
    assert.deepEqual([failed.status, failed.attempts], ['failed', 5])
    a.behaviour.error = undefined
    const later = await send('2')
    assert.deepEqual([later.status, later.backend], ['sent', 'a'])
    await envoyer.close()
  })

  test('turns go round the backends that are up', async () => {
    const { a, b, envoyer, send } = setUp(roundRobin, { failures: 1, downMs: 60_000 })
    await envoyer.worker()
    for (const to of ['1', '2', '3', '4']) await send(to)
    assert.deepEqual([a.sent.length, b.sent.length], [2, 2])
    a.behaviour.error = down
    for (const to of ['5', '6', '7', '8']) assert.equal((await send(to)).backend, 'b')
    await envoyer.close()
  })
})

test('two members of one name, or one alone, are refused', () => {
  assert.throws(() => failover([member('a')]), { code: 'configuration-invalid' })
  assert.throws(() => roundRobin([member('a'), member('a')]), { code: 'configuration-invalid' })
})
