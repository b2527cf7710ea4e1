import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, describe, test } from 'node:test'
import { RetryAfter } from '../../src/errors.ts'
import type { SendResult } from '../../src/outbox/result.ts'
import { until } from '../support/database.ts'
import { type Engine, onEveryEngine, postgres } from '../support/engines.ts'
import { createPagerEnvoyer, type Page, recorder } from '../support/pager.ts'

/** With this nothing can be claimed: what is sent all the same was written as claimed. */
const withoutClaims = (schema: string) => [
  `CREATE FUNCTION ${schema}.keep_waiting() RETURNS trigger LANGUAGE plpgsql
     AS 'BEGIN RETURN NULL; END'`,
  `CREATE TRIGGER keep_waiting BEFORE UPDATE ON ${schema}.delivery FOR EACH ROW
     WHEN (OLD.status = 'pending' AND NEW.status = 'sending')
     EXECUTE FUNCTION ${schema}.keep_waiting()`,
]

let close = async () => {}
afterEach(() => close())

const openOn =
  (engine: Engine) =>
  async (
    options: Parameters<typeof createPagerEnvoyer>[2] = {},
    behave: (page: Page) => Promise<void> | void = () => {},
  ) => {
    const place = engine.fresh()
    const backend = recorder(behave)
    const { envoyer } = createPagerEnvoyer(engine, backend, { ...options, surroundings: place })
    close = () => envoyer.close()
    await envoyer.migrate()
    await envoyer.transaction(async (manager) => {
      for (const sql of withoutClaims(place.schema ?? 'envoyer')) await manager.query(sql)
    })
    const worker = await envoyer.worker({ stopOn: [], pollMs: 60_000 })
    const send = (...to: string[]) =>
      envoyer.send(
        'alarm',
        to.map((pager) => ({ pager })),
        { what: 'a' },
      )
    const statuses = async ({ notificationId }: SendResult) =>
      (await envoyer.deliveries.list({ notificationId })).map(({ status }) => status)
    const isTaken = async () => {
      const result = await send('probe')
      if ((await statuses(result)).includes('pending')) return false
      await envoyer.waitFor(result, { timeoutMs: 5000 })
      return true
    }
    return { envoyer, worker, backend, send, statuses, isTaken }
  }

onEveryEngine('what an idle worker of the same process takes as it is written', (engine) => {
  test('is sent as what was claimed is', async () => {
    const { envoyer, backend, send } = await openOn(engine)()
    const told: string[] = []
    for (const name of ['delivery:queued', 'delivery:sent', 'notification:completed'] as const)
      envoyer.on(name, () => told.push(name))
    const result = await send('a', 'b')
    assert.equal((await envoyer.waitFor(result)).sent, 2)
    assert.deepEqual(backend.sent.map(({ address, attempt }) => [address, attempt]).sort(), [
      ['a', 1],
      ['b', 1],
    ])
    const [delivery] = await envoyer.deliveries.list()
    assert.deepEqual([delivery!.status, delivery!.attempts], ['sent', 1])
    assert.deepEqual(told.slice(0, 2), ['delivery:queued', 'delivery:queued'])
    assert.equal(told.filter((name) => name === 'delivery:sent').length, 2)
    assert.equal(told.at(-1), 'notification:completed')
  })
})

describe('what an idle worker of the same process takes as it is written', () => {
  const open = openOn(postgres)

  test('is nothing while the channel is paused', async () => {
    const { envoyer, isTaken } = await open()
    await envoyer.settings.set('pager', { paused: true })
    assert.equal(await isTaken(), false)
  })

  test('is nothing of a channel with a rate, or with places that all share', async () => {
    for (const options of [{ rate: { perSecond: 100 } }, { overallConcurrency: 5 }]) {
      const { isTaken } = await open(options)
      assert.equal(await isTaken(), false)
      await close()
    }
  })

  test('is nothing while the backend is held back', async () => {
    let tries = 0
    const { envoyer, send, isTaken } = await open({}, () => {
      tries += 1
      throw new RetryAfter(60_000, 'too many', { code: 'page-429', scope: 'backend' })
    })
    await send('a')
    await until(
      async () => (await envoyer.status()).backends.some(({ downForMs }) => downForMs > 0),
      'that the backend is held back',
      5000,
    )
    assert.equal(tries, 1)
    assert.equal(await isTaken(), false)
  })

  test('is nothing that goes later, is many, or is of the caller’s transaction', async () => {
    const { envoyer, send, statuses } = await open()
    const at = new Date(Date.now() + 60_000)
    const later = await envoyer.send('alarm', { pager: 'a' }, { what: 'a' }, { at })
    const many = await send(...Array.from({ length: 11 }, (_, n) => `p${n}`))
    const theirs = await envoyer.transaction((database) =>
      envoyer.send('alarm', { pager: 'a' }, { what: 'a' }, { database }),
    )
    for (const result of [later, many, theirs])
      assert.deepEqual([...new Set(await statuses(result))], ['pending'])
  })

  test('leaves places for urgent messages, and gives back what it did not fill', async () => {
    let letGo: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const { envoyer, send, statuses, isTaken } = await open({ concurrency: 3 }, ({ address }) =>
      address === 'probe' ? undefined : gate,
    )
    const keyed = () => envoyer.send('alarm', { pager: 'probe' }, { what: 'a' }, { key: 'once' })
    await envoyer.waitFor(await keyed())
    // Repeated calls keep places, and write nothing to fill them.
    for (let n = 0; n < 5; n += 1) assert.equal((await keyed()).repeated, true)
    assert.equal(await isTaken(), true)
    const results = [await send('a'), await send('b'), await send('c')]
    const [first, second, third] = await Promise.all(results.map(statuses))
    assert.deepEqual([first, second, third], [['sending'], ['sending'], ['pending']])
    letGo()
  })

  test('does not inherit what is active where it was sent', async () => {
    const request = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    const { envoyer, send } = await open({}, () => void seen.push(request.getStore()))
    await envoyer.waitFor(await request.run('the request', () => send('a')))
    assert.deepEqual(seen, [undefined])
  })

  test('is waited for by a shutdown', async () => {
    let answer: () => void = () => {}
    const { envoyer, worker, send, statuses } = await open(
      {},
      () => new Promise<void>((resolve) => (answer = resolve)),
    )
    const result = await send('a')
    await until(() => worker.inFlight() === 1, 'it is in flight', 5000)
    const stopped = worker.stop()
    answer()
    await stopped
    assert.deepEqual(await statuses(result), ['sent'])
    const next = await envoyer.send('alarm', { pager: 'b' }, { what: 'a' })
    assert.deepEqual(await statuses(next), ['pending'])
  })
})
