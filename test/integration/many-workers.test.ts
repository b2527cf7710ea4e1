import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { loadBullmq } from '../../src/queue/bullmq.ts'
import { until } from '../support/database.ts'
import { createDoor } from '../support/door.ts'
import { postgres, redisUrl } from '../support/engines.ts'
import { createPagerEnvoyer, type Page, recorder } from '../support/pager.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

for (const carrier of ['NOTIFY', 'BullMQ'] as const) {
  describe(`many workers, told of work by ${carrier}`, () => {
    const opened: { close(): Promise<void> }[] = []
    afterEach(async () => {
      for (const each of opened.splice(0)) await each.close()
    })

    /** So many processes, as far as they are told apart: each has its own pool, queue and settings. */
    function open(
      count: number,
      behave: (page: Page) => Promise<void> | void = () => {},
      options: Parameters<typeof createPagerEnvoyer>[2] = {},
    ) {
      const place = { ...postgres.fresh(), redisUrl: carrier === 'BullMQ' ? redisUrl() : '' }
      return Array.from({ length: count }, () => {
        const backend = recorder(behave)
        const app = createPagerEnvoyer(postgres, backend, { ...options, surroundings: place })
        opened.push(app.envoyer)
        return { ...app, schema: place.schema! }
      })
    }

    test('what a process without a worker sends is taken at once, by one of the others', async () => {
      const [sender, ...workers] = open(3)
      for (const { envoyer } of workers) await envoyer.worker({ stopOn: [], pollMs: 60_000 })
      const sent = () =>
        workers.flatMap(({ backend }) => backend.sent.map(({ address }) => address))
      for (let n = 0; n < 20; n += 1) {
        await sender!.envoyer.send('alarm', { pager: `p${n}` }, { what: 'a' })
        await until(() => sent().includes(`p${n}`), `p${n}`, 5000)
      }
      assert.equal(new Set(sent()).size, sent().length)
    })

    test('a worker that has no room keeps no word from those that have', async () => {
      let begun = 0
      const door = createDoor()
      const [sender, full, idle] = open(3, async ({ address }) => {
        if (!address.startsWith('slow')) return
        begun += 1
        await door.opened
      })
      const options = { stopOn: [], pollMs: 60_000, concurrency: 3 }
      await full!.envoyer.worker(options)
      const slow = [{ pager: 'slow-1' }, { pager: 'slow-2' }]
      await sender!.envoyer.send('alarm', slow, { what: 'a' })
      await until(() => begun === 2, 'a worker without room', 5000)
      await idle!.envoyer.worker(options)
      const arrived = () => idle!.backend.sent.map(({ address }) => address)
      for (let n = 0; n < 20; n += 1) {
        await sender!.envoyer.send('alarm', { pager: `p${n}` }, { what: 'a' })
        await until(() => arrived().includes(`p${n}`), `p${n}`, 5000)
      }
      door.open()
    })

    test('what is due in a moment goes in a moment, though nobody here works', async () => {
      const [sender, worker] = open(2)
      await worker!.envoyer.worker({ stopOn: [], pollMs: 60_000 })
      // Its first look is over.
      await sleep(300)
      const at = new Date(Date.now() + 3000)
      await sender!.envoyer.send('alarm', { pager: 'soon' }, { what: 'a' }, { at })
      await until(() => worker!.backend.sent.length === 1, 'the message')
      const lateMs = Date.now() - Number(at)
      assert.ok(lateMs >= -2 && lateMs < 2000, `${lateMs} ms late`)
    })

    test('a pause and its end hold for all workers at once', async () => {
      const [operator, ...workers] = open(3)
      for (const { envoyer } of workers) await envoyer.worker({ stopOn: [] })
      const sent = () => workers.reduce((sum, { backend }) => sum + backend.sent.length, 0)
      await operator!.envoyer.settings.set('pager', { paused: true })
      // The word of it has to come round; without it, it would be seconds.
      await sleep(300)
      for (let n = 0; n < 10; n += 1) {
        await operator!.envoyer.send('alarm', { pager: `p${n}` }, { what: 'a' })
      }
      await sleep(500)
      assert.equal(sent(), 0)
      const before = performance.now()
      await operator!.envoyer.settings.set('pager', { paused: false })
      await until(() => sent() === 10, 'all ten')
      assert.ok(performance.now() - before < 1500)
    })

    test('all together keep to the bound of a channel, and leave no place empty', async () => {
      let [inFlight, most] = [0, 0]
      const slow = async () => {
        inFlight += 1
        most = Math.max(most, inFlight)
        await sleep(30)
        inFlight -= 1
      }
      const [first, ...others] = open(3, slow, { overallConcurrency: 5 })
      const users = Array.from({ length: 100 }, (_, n) => ({ pager: `p${n}` }))
      for (const { envoyer } of [first!, ...others]) {
        await envoyer.worker({ stopOn: [], concurrency: 20 })
      }
      const result = await first!.envoyer.send('alarm', users, { what: 'a' })
      assert.equal((await first!.envoyer.waitFor(result)).sent, 100)
      assert.ok(most >= 3 && most <= 5, `${most} at once`)
      // What was lost is sent alone, and within the bound too.
      most = 0
      const again = await first!.envoyer.send(
        'alarm',
        users.slice(0, 12),
        { what: 'b' },
        {
          at: new Date(Date.now() + 3_600_000),
        },
      )
      await first!.envoyer.transaction((manager) =>
        manager.query(
          `UPDATE "${first!.schema}".delivery SET status = 'sending', attempts = 1, claims = 1,
             lease_until = now() - interval '1 s' WHERE notification_id = $1`,
          [again.notificationId],
        ),
      )
      assert.equal((await first!.envoyer.waitFor(again)).sent, 12)
      assert.ok(most >= 1 && most <= 5, `${most} at once`)
    })
  })
}

test('in Redis there is never more than a ticket or two, whatever waits', async () => {
  const { Redis } = await loadBullmq()
  const place = { ...postgres.fresh(), redisUrl: redisUrl() }
  const app = createPagerEnvoyer(postgres, recorder(), { surroundings: place })
  const redis = new Redis(place.redisUrl)
  try {
    for (let n = 0; n < 200; n += 1) {
      const later = n % 2 === 0 ? {} : { at: new Date(Date.now() + 1000 + n) }
      await app.envoyer.send(
        'alarm',
        [{ pager: `a${n}` }, { pager: `b${n}` }],
        { what: 'a' },
        later,
      )
    }
    const sizes = await Promise.all([
      redis.llen(`${place.schema}:pager:wait`),
      redis.zcard(`${place.schema}:pager:delayed`),
      redis.zcard(`${place.schema}:pager:completed`),
    ])
    assert.ok(sizes[0] <= 1 && sizes[1] <= 20 && sizes[2] === 0, String(sizes))
  } finally {
    redis.disconnect()
    await app.envoyer.close()
  }
})
