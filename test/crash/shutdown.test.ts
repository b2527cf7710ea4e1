import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually, killChildren } from '../support/crash-child.ts'
import { type CrashSite, createPostgresSite } from '../support/crash-site.ts'

interface Row {
  readonly id: string
  readonly status: string
  readonly attempts: number
}

describe('a worker told to end while it is busy', () => {
  const stops = 3
  let site: CrashSite

  before(async () => {
    site = await createPostgresSite()
  })
  after(async () => {
    await killChildren()
    await site?.close()
  })
  const rowsOf = () =>
    site.ask<Row>(undefined, `SELECT id, status, attempts FROM ${site.schema}.delivery`)

  test('ends by the signal, with nothing in its hands, and the next one goes on', async () => {
    const sender = site.start('sender')
    await sender.open()
    for (let n = 0; n < 4; n += 1) {
      await sender.sendTo(
        'webhook',
        Array.from({ length: 150 }, (_, i) => `/${n}/${i}`),
      )
    }
    for (let n = 0; n < stops; n += 1) {
      const worker = site.start('worker')
      await worker.open()
      const before = site.sink.received.size
      await worker.work()
      await eventually(
        () => site.sink.received.size > before,
        () => `Nothing arrived from ${worker.name}`,
      )
      await sleep(Math.random() * 250)
      worker.kill('SIGTERM')
      assert.equal(await worker.ended, 'SIGTERM')
      assert.deepEqual(worker.problems, [])
      const rows = await rowsOf()
      const pending = rows.filter(({ status }) => status === 'pending')
      assert.ok(pending.length > 0, 'it was not told to end while it was busy')
      for (const { id, status, attempts } of rows) {
        const times = site.sink.received.get(id) ?? 0
        assert.deepEqual([status, attempts, times], times ? ['sent', 1, 1] : ['pending', 0, 0], id)
      }
    }
    const last = site.start('worker')
    await last.work({ concurrency: 50 })
    await eventually(
      async () => (await rowsOf()).every(({ status }) => status === 'sent'),
      () => 'The last worker did not send what the others had left',
    )
    const twice = [...site.sink.received.values()].filter((times) => times !== 1)
    assert.deepEqual(twice, [])
    assert.equal(site.sink.received.size, 600)
    last.kill('SIGTERM')
    assert.equal(await last.ended, 'SIGTERM')
  })

  test('aborts what does not end within the grace time, and gives it back untried', async () => {
    site.sink.forget()
    site.sink.answerWithin(60_000, 60_000)
    const sender = site.start('sender')
    await sender.open()
    await sender.sendTo('webhook', ['/slow/1', '/slow/2', '/slow/3'])
    const ours = new Set(sender.acknowledged[0]?.deliveries)
    const worker = site.start('worker')
    await worker.work({ graceMs: 300, leaseMs: 30_000 })
    await eventually(
      () => site.sink.received.size === 3,
      () => 'The three did not arrive',
    )
    const began = performance.now()
    worker.kill('SIGTERM')
    assert.equal(await worker.ended, 'SIGTERM')
    assert.ok(performance.now() - began < 4000)
    const rows = (await rowsOf()).filter(({ id }) => ours.has(id))
    assert.deepEqual(
      rows.map(({ status, attempts }) => [status, attempts]),
      Array.from({ length: 3 }, () => ['pending', 0]),
    )
  })
})
