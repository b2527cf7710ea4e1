import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EnvoyerError } from '../../src/errors.ts'
import type { SendProgress } from '../../src/outbox/result.ts'
import { until } from '../support/database.ts'
import { onEveryEngine } from '../support/engines.ts'
import { createPagerEnvoyer, recorder } from '../support/pager.ts'

type People = AsyncIterable<{ pager?: string }> | Iterable<{ pager?: string }>

onEveryEngine('send to very many', (engine) => {
  let app: ReturnType<typeof createPagerEnvoyer>
  let working: ReturnType<typeof createPagerEnvoyer>
  before(async () => {
    app = createPagerEnvoyer(engine)
    working = createPagerEnvoyer(
      engine,
      recorder(() => sleep(5)),
      { concurrency: 10 },
    )
    await working.envoyer.worker({ stopOn: [] })
  })
  after(() => Promise.all([app.envoyer.close(), working.envoyer.close()]))

  function* people(upTo: number, failAt?: number) {
    for (let n = 0; n < upTo; n += 1) {
      if (n === failAt) throw new Error('the source broke')
      yield n % 10 === 9 ? {} : { pager: `p${n}` }
    }
  }
  const drill = { what: 'drill' }

  test('tells after each transaction how far it is, and when it goes on with another call', async () => {
    const { envoyer } = app
    const told: SendProgress[] = []
    const send = (source: People) =>
      envoyer.send('alarm', source, drill, {
        key: 'drill',
        onProgress: (progress) => void told.push(progress),
      })
    await assert.rejects(send(people(9000, 2500)), /the source broke/)
    const [{ notificationId } = assert.fail('nothing was told')] = told
    const common = { notificationId, continued: false }
    assert.deepEqual(told.splice(0), [
      { recipients: 1111, deliveries: 1000, skipped: 111, ...common },
      { recipients: 2222, deliveries: 2000, skipped: 222, ...common },
    ])
    const result = await send(people(2600))
    const later = { ...common, continued: true }
    assert.deepEqual(told.splice(0), [
      { recipients: 1111, deliveries: 0, skipped: 111, ...later },
      { recipients: 2222, deliveries: 0, skipped: 222, ...later },
      { recipients: 2600, deliveries: 340, skipped: 260, ...later },
    ])
    assert.deepEqual([result.count, result.skipped.total, result.repeated], [2340, 260, false])
    assert.equal((await send(people(10))).repeated, true)
    assert.deepEqual(told, [], 'nothing was written')
  })

  test('of an array it tells once, and of what cannot be a listener at once', async () => {
    const { envoyer } = app
    const told: SendProgress[] = []
    const onProgress = (progress: SendProgress) => void told.push(progress)
    const { notificationId } = await envoyer.send('alarm', [...people(20)], drill, { onProgress })
    const progress = {
      notificationId,
      recipients: 20,
      deliveries: 18,
      skipped: 2,
      continued: false,
    }
    assert.deepEqual(told, [progress])
    await assert.rejects(
      envoyer.send('alarm', people(1), drill, { onProgress: 'print' as never }),
      ({ code, message }: EnvoyerError) => code === 'option-invalid' && /onProgress/.test(message),
    )
  })

  test('a listener is waited for; one that throws is reported, and stops nothing', async () => {
    const { envoyer, internal } = app
    let [at, most] = [0, 0]
    const result = await envoyer.send('alarm', people(2500), drill, {
      async onProgress({ recipients }) {
        at += 1
        most = Math.max(most, at)
        await sleep(20)
        at -= 1
        throw new Error(`full at ${recipients}`)
      },
    })
    assert.deepEqual([result.count, result.skipped.total, most], [2250, 250, 1])
    assert.deepEqual(
      internal().map(({ error }) => error.message),
      ['full at 1111', 'full at 2222', 'full at 2500'],
    )
  })

  test('who is there twice is counted, also where the call goes on with another one', async () => {
    const { envoyer } = app
    function* twice(failAt?: number) {
      yield { pager: 'twice' }
      yield* people(1300, failAt)
      yield { pager: 'twice' }
      yield { pager: 'p1' }
    }
    const send = (failAt?: number) => envoyer.send('alarm', twice(failAt), drill, { key: 'twice' })
    await assert.rejects(send(1200), /the source broke/)
    const counts = { pager: { 'no-address': 130, 'duplicate-address': 2 } }
    const again = await send()
    assert.deepEqual([again.count, again.skipped.total, again.skipped.counts], [1171, 132, counts])
    for (const options of [{}, { key: 'at once' }]) {
      const { count, skipped } = await envoyer.send('alarm', twice(), drill, options)
      assert.deepEqual([count, skipped.total, skipped.counts], [1171, 132, counts])
    }
  })

  test('of calls with one key at the same time, each ends with the same and nobody is told twice', async () => {
    const { envoyer } = app
    const results = await Promise.all(
      Array.from({ length: 4 }, () => envoyer.send('alarm', people(2500), drill, { key: 'race' })),
    )
    assert.equal(new Set(results.map(({ notificationId }) => notificationId)).size, 1)
    assert.deepEqual(
      results.map(({ count, skipped }) => [count, skipped.total]),
      results.map(() => [2250, 250]),
    )
  })

  test('what a slow source has given goes while it is waited for', async () => {
    const { envoyer, backend } = working
    backend.sent.length = 0
    let end: () => void = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    async function* slow() {
      yield { pager: 'first' }
      await ended
      yield { pager: 'second' }
    }
    const sending = envoyer.send('alarm', slow(), drill)
    await until(() => backend.sent.length === 1, 'the first', 10_000)
    end()
    assert.equal((await sending).count, 2)
    assert.equal((await envoyer.waitFor(await sending)).sent, 2)
  })

  test('completed by whom all was settled before the end, with what is to follow', async () => {
    const { envoyer, backend } = working
    backend.sent.length = 0
    async function* waiting() {
      yield { pager: 'only' }
      await until(() => backend.sent.length === 1, 'the only one', 10_000)
      // It has to be written down, too.
      await sleep(200)
    }
    const result = await envoyer.send('alarm', waiting(), drill, {
      onCompleted: { event: 'fire', recipients: { pager: 'editor' }, context: { what: 'done' } },
    })
    assert.deepEqual(await envoyer.waitFor(result), { sent: 1, failed: 0, cancelled: 0 })
    await until(() => backend.sent.length === 2, 'what follows', 10_000)
    assert.deepEqual(
      backend.sent.map(({ event, address }) => [event, address]),
      [
        ['alarm', 'only'],
        ['fire', 'editor'],
      ],
    )
  })

  test('one send to very many holds up nobody else, while it is written and while it goes out', async () => {
    const { envoyer, backend } = working
    backend.sent.length = 0
    function* everybody() {
      for (let n = 0; n < 6000; n += 1) yield { pager: `all${n}` }
    }
    let wrote = 0
    const took: number[] = []
    const single = async (pager: string) => {
      const before = performance.now()
      await envoyer.send('alarm', { pager }, { what: 'single' })
      await until(() => backend.sent.some(({ address }) => address === pager), pager, 10_000)
      took.push(performance.now() - before)
    }
    const newsletter = envoyer.send('alarm', everybody(), drill, {
      onProgress: ({ deliveries }) => {
        wrote = deliveries
      },
    })
    await until(() => wrote > 0, 'the first chunk', 10_000)
    for (let n = 0; n < 5; n += 1) await single(`one${n}`)
    const { count } = await newsletter
    for (let n = 5; n < 8; n += 1) await single(`one${n}`)
    const left = count + 8 - backend.sent.length
    assert.ok(left > 1000, `only ${left} were left to go: nothing was proved`)
    assert.ok(Math.max(...took) < 3000, `they took ${took.map(Math.round).join(', ')} ms`)
  })
})
