import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fixed } from '../../src/channel/retry.ts'
import { DeliveryError, Permanent } from '../../src/errors.ts'
import { createTasks, type Task } from '../../src/worker/tasks.ts'
import { until } from '../support/database.ts'
import { freshSchema, onEveryEngine } from '../support/engines.ts'
import { openBare } from '../support/outbox.ts'
import { recorder, withAppOn } from '../support/pager.ts'

const later = () => new Date(Date.now() + 3_600_000)
const refused = () => {
  throw new Permanent('no such number', { code: 'no-number' })
}

onEveryEngine('operating', (engine) => {
  const [schema, seen] = [freshSchema(), freshSchema()]
  const withApp = withAppOn(engine)

  test(
    'status counts what there is, by channel',
    withApp(
      async ({ envoyer }) => {
        const before = await envoyer.status()
        assert.deepEqual(
          before.channels.map(({ channel, counts, on, paused }) => [channel, counts, on, paused]),
          [['pager', { pending: 0, sending: 0, sent: 0, failed: 0, cancelled: 0 }, true, false]],
        )
        assert.deepEqual([before.workers, before.throughput], [[], []])
        const due = await envoyer.send('alarm', [{ pager: 'ok' }, { pager: 'bad' }], { what: 'x' })
        await envoyer.send('alarm', { pager: '3' }, { what: 'x' }, { at: later() })
        const { deliveries } = await envoyer.send(
          'alarm',
          { pager: '4' },
          { what: 'x' },
          { at: later() },
        )
        await envoyer.deliveries.cancel(deliveries[0]!.id)
        const [waiting] = (await envoyer.status()).channels
        assert.deepEqual(waiting!.counts, {
          pending: 3,
          sending: 0,
          sent: 0,
          failed: 0,
          cancelled: 1,
        })
        assert.equal(waiting!.scheduled, 1)
        assert.ok(waiting!.oldestDueMs! >= 0 && waiting!.oldestDueMs! < 60_000)
        const worker = await envoyer.worker()
        await envoyer.waitFor(due)
        await until(async () => (await envoyer.status()).workers.length === 1, 'a sign')
        await worker.stop()
        await envoyer.settings.set('pager', { paused: true })
        const after = await envoyer.status()
        assert.deepEqual(after.workers, [])
        assert.deepEqual(after.channels[0]!.counts, {
          ...{ pending: 1, sending: 0, sent: 1, failed: 1, cancelled: 1 },
        })
        assert.deepEqual([after.channels[0]!.paused, after.channels[0]!.oldestDueMs], [true, null])
        assert.deepEqual(after.throughput, [
          { channel: 'pager', sent: { minute: 1, hour: 1 }, failed: { minute: 1, hour: 1 } },
        ])
        assert.deepEqual(after.failures, [
          { channel: 'pager', code: 'no-number', deliveries: 1, tries: 1 },
        ])
        assert.deepEqual(
          after.buckets.map(({ name, capacity }) => [name, capacity]),
          [['channel:pager', 1000]],
        )
      },
      recorder(({ address }) => void (address === 'bad' && refused())),
      { rate: { perSecond: 1000 } },
    ),
  )

  test(
    'a worker is seen while it lives',
    withApp(
      async ({ envoyer }) => {
        const worker = await envoyer.worker()
        await until(async () => (await envoyer.status()).workers.length === 1, 'a sign')
        const [first] = (await envoyer.status()).workers
        assert.deepEqual(
          [first!.pid, first!.alive, first!.channels, first!.version],
          [process.pid, true, ['pager'], '0.1.0'],
        )
        const sql = (text: string) => envoyer.transaction((manager) => manager.query(text))
        await sql(`UPDATE ${seen}.worker SET seen_at = now() - interval '16 seconds'`)
        assert.equal((await envoyer.status()).workers[0]!.alive, false)
        await worker.stop()
        assert.deepEqual((await envoyer.status()).workers, [])
      },
      recorder(),
      { surroundings: { schema: seen } },
    ),
  )

  test(
    'what was sent after all is found by the code of a try that failed',
    withApp(
      async ({ envoyer }) => {
        const sent = await envoyer.send('alarm', [{ pager: 'busy' }, { pager: 'ok' }], {
          what: 'x',
        })
        await envoyer.worker()
        assert.equal((await envoyer.waitFor(sent)).sent, 2)
        const found = await envoyer.deliveries.list({
          status: 'sent',
          triedCode: ['line-busy', 'x'],
        })
        assert.deepEqual(
          found.map(({ addressKey, errorCode }) => [addressKey, errorCode]),
          [['busy', null]],
        )
        assert.equal(await envoyer.deliveries.count({ code: 'line-busy' }), 0)
        assert.equal(await envoyer.deliveries.count({ triedCode: 'x' }), 0)
      },
      recorder(({ address, attempt }) => {
        if (address === 'busy' && attempt === 1) {
          throw new DeliveryError('busy', { code: 'line-busy' })
        }
      }),
      { retry: fixed({ delayMs: 10, tries: 2, jitter: 0 }) },
    ),
  )

  test(
    'many are counted, tried again and cancelled at once',
    withApp(
      async ({ envoyer, backend }) => {
        const people = Array.from({ length: 620 }, (_, n) => ({ pager: `p${n}`, userId: n }))
        const sent = await envoyer.send('alarm', people, { what: 'x' })
        await envoyer.send('alarm', people, { what: 'later' }, { at: later() })
        const { worker } = { worker: await envoyer.worker() }
        assert.equal((await envoyer.waitFor(sent)).failed, 620)
        await envoyer.settings.set('pager', { paused: true })
        const { deliveries } = envoyer
        assert.equal(await deliveries.count(), 1240)
        assert.equal(await deliveries.count({ status: 'pending' }), 620)
        assert.equal(await deliveries.count({ scheduled: true, user: 5 }), 1)
        assert.equal(await deliveries.count({ to: 'P5' }), 2)
        assert.equal(await deliveries.count({ to: ['P5', 'p6', 'P 5'] }), 4)
        assert.equal((await deliveries.list({ to: 'P5', scheduled: true })).length, 1)
        assert.equal(await deliveries.count({ settledSince: new Date(Date.now() - 60_000) }), 620)
        assert.equal(await deliveries.count({ dueBefore: new Date() }), 0)
        assert.equal(
          await deliveries.count({ code: ['no-number', 'other'], backend: 'recorder' }),
          620,
        )
        assert.deepEqual(await deliveries.retryAll({ code: 'other' }), { retried: 0, left: 0 })
        assert.deepEqual(await deliveries.retryAll({ status: 'sent' }), { retried: 0, left: 0 })
        const soon = new Date(Date.now() + 60_000)
        const progress: unknown[] = []
        const onProgress = (each: unknown) => void progress.push(each)
        assert.deepEqual(await deliveries.retryAll({ code: 'no-number' }, { onProgress }), {
          ...{ retried: 620, left: 0 },
        })
        assert.deepEqual(progress, [
          { done: 500, of: 620 },
          { done: 620, of: 620 },
        ])
        assert.equal(await deliveries.count({ status: 'pending', dueBefore: soon }), 620)
        const cancelled: string[] = []
        envoyer.on('delivery:cancelled', ({ id }) => void cancelled.push(id))
        assert.deepEqual(await deliveries.cancelAll({ scheduled: true }), { cancelled: 620 })
        assert.equal(cancelled.length, 620)
        assert.deepEqual(await deliveries.cancelAll({ scheduled: true }), { cancelled: 0 })
        assert.equal(await deliveries.count({ status: 'pending' }), 620)
        await assert.rejects(deliveries.count({ limit: 5 }), { code: 'option-invalid' })
        await assert.rejects(deliveries.retryAll({ colour: 'red' } as never), /deliveries.retryAll/)
        assert.equal(backend.sent.length, 0)
        await worker.stop()
      },
      recorder(refused),
      { retry: fixed({ delayMs: 10, tries: 1, jitter: 0 }) },
    ),
  )

  test('a task is done once across workers, again after an error, and left to others', async () => {
    const bare = await openBare(engine)
    const { outbox, database } = bare
    const errors: Error[] = []
    const parts = {
      outbox,
      database,
      lookEveryMs: 10,
      onError: (error: Error) => void errors.push(error),
    }
    let runs = 0
    const task = (run: Task['run'], everyMs = 3_600_000): Task => ({ name: 'count', everyMs, run })
    try {
      const counted = task(async () => {
        runs += 1
      })
      const three = [1, 2, 3].map(() => createTasks({ ...parts, tasks: [counted] }))
      await until(() => runs > 0, 'a run')
      await Promise.all(three.map((each) => each.stop()))
      assert.equal(runs, 1)
      bare.advance(3_700_000)
      // A worker that dies in the midst of it: it says nothing any more.
      await database.execute(
        `UPDATE ${outbox.schema}.task SET running_until = now() + interval '3700.1 seconds'`,
      )
      const fails = task(async () => {
        runs += 1
        if (runs === 2) throw new Error('not now')
      })
      const other = createTasks({ ...parts, againMs: 20, tasks: [fails] })
      await until(() => runs === 3, 'another run after the lease and the error')
      await other.stop()
      assert.match(errors[0]!.message, /The task count failed: not now/)
      bare.advance(3_700_000)
      // Told to stop, it ends early, and is due at once.
      const long = createTasks({
        ...parts,
        leaseMs: 60,
        tasks: [
          task(async (signal) => {
            runs += 1
            await new Promise((resolve) => signal.addEventListener('abort', resolve))
          }),
        ],
      })
      await until(() => runs === 4, 'the long one')
      // Longer than its lease, which is renewed: another worker does not get it.
      const second = createTasks({ ...parts, tasks: [counted] })
      await new Promise((resolve) => setTimeout(resolve, 150))
      assert.equal(runs, 4)
      await long.stop()
      await until(() => runs === 5, 'the next worker')
      await second.stop()
    } finally {
      await bare.close()
    }
  })

  test(
    'a worker closes what a dead process left open: without a key, and a day later',
    withApp(
      async ({ envoyer, backend }) => {
        // A generator that never comes to its end stands for a process that died within it.
        const cutOff = (pager: string, options: object) => {
          let goOn: () => void = () => {}
          async function* people() {
            yield { pager }
            await new Promise<void>((resolve) => {
              goOn = resolve
            })
            yield { pager: `${pager}2` }
          }
          const sending = envoyer.send('alarm', people(), { what: 'x' }, options)
          return { sending, goOn: () => goOn() }
        }
        const old = cutOff('old', {})
        cutOff('keyed', { key: 'k' })
        const first = await envoyer.worker()
        await until(() => backend.sent.length === 2, 'what was written was sent')
        await first.stop()
        const query = <T>(sql: string) =>
          envoyer.transaction((manager) => manager.query(sql)) as Promise<T>
        for (const table of ['notification', 'delivery'])
          await query(`UPDATE ${seen}.${table} SET created_at = now() - interval '25 hours'`)
        cutOff('young', {})
        await until(async () => (await envoyer.deliveries.count()) === 3, 'written')
        await query(`UPDATE ${seen}.task SET due_at = now()`)
        const closed: string[] = []
        envoyer.on('notification:completed', ({ id }) => closed.push(id))
        const second = await envoyer.worker()
        await until(() => closed.length === 1, 'one was closed')
        await until(() => backend.sent.length === 3, 'the rest was sent')
        await second.stop()
        const rows = await query<{ address: string; sealed: boolean }[]>(
          `SELECT n.sealed_at IS NOT NULL AS sealed, d.address_key AS address
           FROM ${seen}.notification n JOIN ${seen}.delivery d ON d.notification_id = n.id
           ORDER BY d.address_key`,
        )
        assert.deepEqual(
          rows.map(({ address, sealed }) => [address, sealed]),
          [
            ['keyed', false],
            ['old', true],
            ['young', false],
          ],
        )
        // It was only very slow.
        old.goOn()
        await assert.rejects(old.sending, { code: 'send-abandoned' })
        assert.equal(await envoyer.deliveries.count(), 3)
      },
      recorder(),
      { surroundings: { schema: seen } },
    ),
  )

  test(
    'a worker prunes where it is told to',
    withApp(
      async ({ envoyer }) => {
        const worker = await envoyer.worker()
        await envoyer.waitFor(await envoyer.send('alarm', { pager: '1' }, { what: 'x' }))
        await worker.stop()
        assert.equal(await envoyer.deliveries.count(), 1)
        await envoyer.transaction((manager) =>
          manager.query(`UPDATE ${schema}.task SET due_at = now()`),
        )
        await envoyer.transaction((manager) =>
          manager.query(`UPDATE ${schema}.notification SET completed_at = now() - interval '2 days',
            id = '00000000-0000-7000-8000-000000000001'`),
        )
        await envoyer.transaction((manager) =>
          manager.query(
            `UPDATE ${schema}.delivery SET notification_id = '00000000-0000-7000-8000-000000000001'`,
          ),
        )
        await envoyer.worker()
        await until(async () => (await envoyer.deliveries.count()) === 0, 'pruned')
      },
      recorder(),
      { surroundings: { schema, prune: { days: 1 } } },
    ),
  )
})
