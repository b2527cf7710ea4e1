import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually, killChildren } from '../support/crash-child.ts'
import { type CrashSite, createPostgresSite } from '../support/crash-site.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

describe('a worker told to end while PostgreSQL is away', () => {
  let server: TestPostgres
  let site: CrashSite

  before(async () => {
    server = await startPostgres()
    site = await createPostgresSite(await server.createDatabase())
  })
  after(async () => {
    await killChildren()
    await site?.close()
    await server?.stop()
  })

  test('ends, soon after its grace time', async () => {
    site.sink.answerWithin(600, 600)
    const [worker, sender] = [site.start('worker'), site.start('sender')]
    await sender.open()
    await sender.sendTo('webhook', ['/away/1', '/away/2', '/away/3'])
    await worker.work({ graceMs: 2000, leaseMs: 30_000 })
    await eventually(
      () => site.sink.received.size === 3,
      () => 'The three did not arrive',
    )
    await server.crash()
    try {
      const began = performance.now()
      worker.kill('SIGTERM')
      const end = await Promise.race([worker.ended, sleep(20_000, 'is still there')])
      assert.equal(end, 'SIGTERM')
      assert.ok(performance.now() - began > 2000)
      // It says what it could not write down.
      assert.match(worker.problems.join('\n'), /could write down how \d deliveries ended/)
    } finally {
      await server.start()
    }
  })
})
