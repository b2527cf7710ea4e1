import assert from 'node:assert/strict'
import { test } from 'node:test'
import { delays, exponential } from '../../src/channel/retry.ts'
import { Permanent, RetryAfter } from '../../src/errors.ts'
import { embedded, onEveryEngine } from '../support/engines.ts'
import { createPagerEnvoyer, type Page, recorder, withAppOn } from '../support/pager.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

onEveryEngine('the worker', (engine) => {
  const withApp = withAppOn(engine)

  test(
    'delivers what was sent before and after it started, and says so',
    withApp(async ({ envoyer, backend }) => {
      const seen: string[] = []
      for (const name of ['delivery:queued', 'delivery:sent', 'notification:completed'] as const) {
        envoyer.on(name, () => void seen.push(name))
      }
      const early = await envoyer.send('alarm', { pager: '1' }, { what: 'early' })
      await envoyer.worker()
      assert.deepEqual(await envoyer.waitFor(early), { sent: 1, failed: 0, cancelled: 0 })
      const late = await envoyer.send('alarm', { pager: '2' }, { what: 'late' })
      await envoyer.waitFor(late)
      assert.deepEqual(
        backend.sent.map(({ address, context, attempt }) => [address, context.what, attempt]),
        [
          ['1', 'early', 1],
          ['2', 'late', 1],
        ],
      )
      assert.deepEqual(seen, [
        'delivery:queued',
        'delivery:sent',
        'notification:completed',
        'delivery:queued',
        'delivery:sent',
        'notification:completed',
      ])
      const details = await envoyer.deliveries.get(late.deliveries[0]!.id)
      assert.deepEqual(
        [details.status, details.attempts, details.backend, details.receipt],
        ['sent', 1, 'recorder', { id: details.id }],
      )
    }),
  )

  test(
    'tries again what failed, with the same id, and keeps the reasons',
    withApp(
      async ({ envoyer, backend }) => {
        const retrying: number[] = []
        envoyer.on('delivery:retrying', ({ attempt }) => void retrying.push(attempt))
        await envoyer.worker()
        const result = await envoyer.send('alarm', { pager: '1' }, { what: 'x' })
        assert.equal((await envoyer.waitFor(result)).sent, 1)
        assert.deepEqual(retrying, [1, 2])
        assert.equal(backend.sent[0]!.attempt, 3)
        const { failures, attempts } = await envoyer.deliveries.get(result.deliveries[0]!.id)
        assert.deepEqual(
          failures.map(({ number, code, text }) => [number, code, text]),
          [
            [1, 'ECONNREFUSED', 'no line'],
            [2, 'ECONNREFUSED', 'no line'],
          ],
        )
        assert.equal(attempts, 3)
      },
      recorder(({ attempt }) => {
        if (attempt < 3) throw Object.assign(new Error('no line'), { code: 'ECONNREFUSED' })
      }),
    ),
  )

  test(
    'gives up what is permanent at once and what fails too often in the end',
    withApp(
      async ({ envoyer, failures }) => {
        await envoyer.worker()
        const result = await envoyer.send('alarm', [{ pager: 'never' }, { pager: 'nobody' }], {
          what: 'x',
        })
        assert.deepEqual(await envoyer.waitFor(result), { sent: 0, failed: 2, cancelled: 0 })
        const list = await envoyer.deliveries.list({ status: 'failed' })
        assert.deepEqual(
          list
            .map(({ addressKey, attempts, errorCode }) => [addressKey, attempts, errorCode])
            .sort(),
          [
            ['never', 4, 'error'],
            ['nobody', 1, 'unknown-number'],
          ],
        )
        assert.deepEqual(
          failures.map((failure) => failure.kind === 'delivery' && failure.code).sort(),
          ['error', 'unknown-number'],
        )
      },
      recorder(({ address }) => {
        if (address === 'nobody') throw new Permanent('no such number', { code: 'unknown-number' })
        throw new Error('still not')
      }),
    ),
  )

  test(
    'a failed one can be retried, a sent one resent, a waiting one cancelled',
    withApp(
      async ({ envoyer, backend }) => {
        await envoyer.worker()
        const result = await envoyer.send('alarm', { pager: '1' }, { what: 'x' })
        const id = result.deliveries[0]!.id
        assert.equal((await envoyer.waitFor(result)).failed, 1)
        await assert.rejects(envoyer.deliveries.resend(id), { code: 'delivery-state' })
        await envoyer.deliveries.retry(id)
        assert.deepEqual(await envoyer.waitFor(result), { sent: 1, failed: 0, cancelled: 0 })
        await assert.rejects(envoyer.deliveries.retry(id), { code: 'delivery-state' })
        const copy = await envoyer.deliveries.resend(id)
        assert.deepEqual(await envoyer.waitFor(result), { sent: 2, failed: 0, cancelled: 0 })
        assert.equal((await envoyer.deliveries.get(copy)).resendOf, id)
        assert.deepEqual(
          backend.sent.map((page) => page.id),
          [id, copy],
        )
        const later = await envoyer.send(
          'alarm',
          { pager: '2' },
          { what: 'x' },
          { at: new Date(Date.now() + 60_000) },
        )
        await envoyer.deliveries.cancel(later.deliveries[0]!.id)
        assert.deepEqual(await envoyer.waitFor(later), { sent: 0, failed: 0, cancelled: 1 })
        await assert.rejects(envoyer.deliveries.cancel(id), { code: 'delivery-state' })
        await assert.rejects(envoyer.deliveries.get('nonsense'), { code: 'not-found' })
      },
      failFirst(new Permanent('not today', { code: 'refused' })),
    ),
  )

  test(
    'waits as long as a provider asks, and holds back its lane where it says so',
    withApp(
      async ({ envoyer, backend }) => {
        await envoyer.worker({ concurrency: 1, pollMs: 50 })
        const held = await envoyer.send('alarm', [{ pager: 'a' }, { pager: 'b' }], { what: 'held' })
        await pause(100)
        const free = await envoyer.send('alarm', { pager: 'c' }, { what: 'free' })
        await envoyer.waitFor(free)
        assert.deepEqual(
          backend.sent.map(({ address }) => address),
          ['c'],
        )
        await envoyer.waitFor(held)
        const { createdAt, settledAt } = await envoyer.deliveries.get(held.deliveries[1]!.id)
        assert.ok(settledAt!.getTime() - createdAt.getTime() >= 500)
      },
      failFirst(new RetryAfter(500, 'slow down', { code: 'http-429', scope: 'lane' })),
    ),
  )

  test(
    'sends at the time asked for',
    withApp(async ({ envoyer, backend }) => {
      await envoyer.worker()
      const at = new Date(Date.now() + 300)
      await envoyer.waitFor(await envoyer.send('alarm', { pager: '1' }, { what: 'x' }, { at }))
      assert.ok(Date.now() >= at.getTime())
      assert.ok(Date.now() < at.getTime() + 2000)
      assert.equal(backend.sent.length, 1)
    }),
  )

  test(
    'hears of a send in the application’s own transaction when it commits',
    withApp(async ({ envoyer }) => {
      await envoyer.worker({ pollMs: 60_000 })
      const result = await envoyer.transaction((database) =>
        envoyer.send('alarm', { pager: '1' }, { what: 'x' }, { database }),
      )
      await envoyer.waitFor(result, { timeoutMs: 5000 })
    }),
  )

  test(
    'sends what is to follow a completed notification, once',
    withApp(
      async ({ envoyer, backend }) => {
        await envoyer.worker()
        const onCompleted = {
          event: 'fire',
          recipients: { pager: 'boss' },
          context: { what: 'all told' },
        } as const
        const result = await envoyer.send(
          'alarm',
          [{ pager: '1' }, { pager: '2' }],
          { what: 'x' },
          { onCompleted },
        )
        await envoyer.waitFor(result)
        for (let n = 0; n < 100 && backend.sent.length < 3; n += 1) await pause(20)
        assert.deepEqual(backend.sent.map(({ address }) => address).sort(), ['1', '2', 'boss'])
        await envoyer.deliveries.resend(result.deliveries[0]!.id)
        await envoyer.waitFor(result)
        await pause(200)
        assert.equal(backend.sent.filter(({ address }) => address === 'boss').length, 1)
      },
      failFirst(new Error('once')),
    ),
  )

  test(
    'what is to follow is sent too where nothing was left to deliver when the last was written',
    withApp(async ({ envoyer, backend }) => {
      await envoyer.worker()
      const onCompleted = {
        event: 'fire',
        recipients: { pager: 'boss' },
        context: { what: 'all told' },
      } as const
      await envoyer.send('alarm', [], { what: 'x' }, { onCompleted })
      async function* slowly() {
        for (let n = 0; n < 1000; n += 1) yield { pager: `n${n}` }
        while (backend.sent.length < 1001) await pause(10)
      }
      await envoyer.waitFor(await envoyer.send('alarm', slowly(), { what: 'y' }, { onCompleted }))
      for (let n = 0; n < 100 && backend.sent.length < 1002; n += 1) await pause(20)
      assert.equal(backend.sent.filter(({ address }) => address === 'boss').length, 2)
    }),
  )

  test(
    'a channel switched off is skipped and held; paused, it is held',
    withApp(async ({ envoyer, backend }) => {
      await envoyer.worker({ pollMs: 50 })
      await envoyer.settings.set('pager', { paused: true })
      const held = await envoyer.send('alarm', { pager: '1' }, { what: 'held' })
      await envoyer.settings.set('pager', { on: false, paused: false })
      const skipped = await envoyer.send('alarm', { pager: '2' }, { what: 'skipped' })
      assert.deepEqual(skipped.skipped.counts, { pager: { 'channel-off': 1 } })
      await pause(300)
      assert.deepEqual(backend.sent, [])
      await envoyer.settings.reset('pager')
      await envoyer.waitFor(held)
      assert.deepEqual(
        backend.sent.map(({ address }) => address),
        ['1'],
      )
    }),
  )

  test(
    'stopping waits for what is in flight',
    withApp(
      async ({ envoyer, backend }) => {
        const worker = await envoyer.worker()
        const result = await envoyer.send('alarm', { pager: '1' }, { what: 'x' })
        while (worker.inFlight() === 0) await pause(5)
        await worker.stop()
        assert.equal(backend.sent.length, 1)
        assert.equal((await envoyer.waitFor(result)).sent, 1)
      },
      recorder(() => pause(300).then(() => {})),
    ),
  )

  test(
    'stopping gives back untried what does not end within the grace time',
    withApp(
      async ({ envoyer }) => {
        const worker = await envoyer.worker({ graceMs: 100 })
        const result = await envoyer.send('alarm', { pager: '1' }, { what: 'x' })
        while (worker.inFlight() === 0) await pause(5)
        await worker.stop()
        const { status, attempts } = await envoyer.deliveries.get(result.deliveries[0]!.id)
        assert.deepEqual([status, attempts], ['pending', 0])
      },
      recorder(() => new Promise(() => {})),
    ),
  )

  test(
    'a backend that never answers does not keep its place',
    withApp(
      async ({ envoyer }) => {
        await envoyer.worker()
        const result = await envoyer.send('alarm', { pager: '1' }, { what: 'x' })
        assert.equal((await envoyer.waitFor(result)).failed, 1)
        assert.equal((await envoyer.deliveries.get(result.deliveries[0]!.id)).errorCode, 'timeout')
      },
      recorder(() => new Promise(() => {})),
      { timeoutMs: 100, retry: delays([20]) },
    ),
  )

  test(
    'an urgent one overtakes while all ordinary places are busy',
    withApp(
      async ({ envoyer, backend }) => {
        await envoyer.worker({ concurrency: 4 })
        const backlog = await envoyer.send(
          'alarm',
          Array.from({ length: 40 }, (_, n) => ({ pager: `${n}` })),
          { what: 'x' },
        )
        await pause(50)
        const fire = await envoyer.send('fire', { pager: 'chief' }, { what: 'now' })
        await envoyer.waitFor(fire)
        assert.ok(
          backend.sent.length < 20,
          `${backend.sent.length} were sent before it was settled`,
        )
        await envoyer.waitFor(backlog)
      },
      recorder(() => pause(60).then(() => {})),
    ),
  )

  test(
    'keeps to the rate of a channel',
    withApp(
      async ({ envoyer, backend }) => {
        await envoyer.worker()
        const began = performance.now()
        const result = await envoyer.send(
          'alarm',
          Array.from({ length: 30 }, (_, n) => ({ pager: `${n}` })),
          { what: 'x' },
        )
        await envoyer.waitFor(result)
        const tookS = (performance.now() - began) / 1000
        assert.ok(tookS >= 0.9, `30 at 20 a second with a burst of 10 took ${tookS} s`)
        assert.equal(backend.sent.length, 30)
      },
      recorder(),
      { rate: { perSecond: 20, burst: 10 } },
    ),
  )

  test('a listener that throws harms nothing', async () => {
    const app = createPagerEnvoyer(engine)
    app.envoyer.on('delivery:sent', () => {
      throw new Error('listener')
    })
    app.envoyer.on('delivery:sent', async () => {
      throw new Error('later')
    })
    await app.envoyer.worker()
    const result = await app.envoyer.send('alarm', { pager: '1' }, { what: 'x' })
    assert.equal((await app.envoyer.waitFor(result)).sent, 1)
    await pause(20)
    assert.deepEqual(
      app.internal().map((failure) => failure.error.message),
      ['listener', 'later'],
    )
    await app.envoyer.close()
  })

  test(
    'waiting for what does not go ends with an error that says what holds it',
    withApp(
      async ({ envoyer }) => {
        const toOne = [{ pager: '1' }, { what: 'x' }] as const
        const waited = (sent: { notificationId: string }, message: RegExp) =>
          assert.rejects(envoyer.waitFor(sent, { timeoutMs: 100 }), {
            code: 'wait-timeout',
            message,
          })
        const sent = await envoyer.send('alarm', ...toOne)
        await waited(sent, / after 100 ms: 1 pending; no worker serves channel pager\. /)
        await envoyer.settings.set('pager', { paused: true })
        await waited(sent, /: 1 pending; channel pager is paused\. /)
        await envoyer.settings.set('pager', { on: false })
        await waited(sent, /: 1 pending; channel pager is switched off\. /)
        const at = new Date(Date.now() + 3_600_000)
        await envoyer.settings.reset('pager')
        const later = await envoyer.send('alarm', ...toOne, { at })
        const due = at.toISOString().replace('.', '\\.')
        await waited(
          later,
          new RegExp(`: 1 pending; channel pager has nothing due before ${due}\\. `),
        )
        await envoyer.worker()
        await waited(sent, /: 1 sending\. /)
      },
      recorder(() => pause(1000).then(() => {})),
    ),
  )

  test(
    'a wait ends when it is told to',
    withApp(async ({ envoyer }) => {
      const result = await envoyer.send('alarm', { pager: '1' }, { what: 'x' })
      const waiting = envoyer.waitFor(result, { signal: AbortSignal.timeout(50) })
      await assert.rejects(waiting, { name: 'TimeoutError' })
    }),
  )

  test(
    'ten thousand with failures among them: each is sent once',
    withApp(
      async ({ envoyer, backend }) => {
        await envoyer.worker()
        const users = Array.from({ length: 10_000 }, (_, n) => ({ pager: `n${n}` }))
        const result = await envoyer.send('alarm', users, { what: 'x' })
        assert.deepEqual(await envoyer.waitFor(result, { timeoutMs: 60_000 }), {
          sent: 10_000,
          failed: 0,
          cancelled: 0,
        })
        assert.equal(backend.sent.length, 10_000)
        assert.equal(new Set(backend.sent.map(({ id }) => id)).size, 10_000)
      },
      recorder(({ attempt, address }) => {
        if (attempt === 1 && address.endsWith('7')) throw new Error('once')
      }),
      { retry: exponential({ baseMs: 10, tries: 3 }) },
    ),
  )
})

/** Throws on the first page of all, then sends. */
function failFirst(error: Error) {
  let failed = false
  return recorder((_page: Page) => {
    if (failed) return
    failed = true
    throw error
  })
}

test('what no worker can follow, and signals that there are not, are refused', async () => {
  const { envoyer } = createPagerEnvoyer(embedded)
  const option = { code: 'option-invalid' }
  await assert.rejects(envoyer.worker({ concurency: 3 } as never), option)
  for (const name of ['graceMs', 'leaseMs', 'pollMs']) {
    for (const wrong of [-1, 2 ** 31, Number.POSITIVE_INFINITY, Number.NaN]) {
      const message = new RegExp(`\`${name}\` must be`)
      await assert.rejects(envoyer.worker({ [name]: wrong }), { ...option, message })
    }
  }
  for (const concurrency of [0, 0.5, Number.POSITIVE_INFINITY]) {
    const message = /`concurrency` must be a whole number/
    await assert.rejects(envoyer.worker({ concurrency }), { ...option, message })
  }
  for (const channels of [[], 'pager']) {
    const message = /`channels` must be a list with at least one name/
    await assert.rejects(envoyer.worker({ channels } as never), { ...option, message })
  }
  assert.throws(() => envoyer.on('delivery:done' as never, () => {}), option)
  await envoyer.close()
})
