import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { examine, inFlightIds, unsettled } from '../support/crash-check.ts'
import { eventually, killChildren } from '../support/crash-child.ts'
import { roundCount } from '../support/crash-rounds.ts'
import { type CrashSite, createPostgresSite } from '../support/crash-site.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

/** Shorter than a lease, longer, and as chance has it. */
const outages = [100, 1500, ...Array.from({ length: roundCount - 2 }, () => Math.random() * 700)]

describe('PostgreSQL falls over and comes back', () => {
  let server: TestPostgres
  let site: CrashSite

  before(async () => {
    server = await startPostgres()
    site = await createPostgresSite(await server.createDatabase(), {
      // Each outage may cost one that was being claimed a try.
      retries: roundCount,
    })
  })
  after(async () => {
    await killChildren()
    await site?.close()
    await server?.stop()
  })

  test('worker and sender go on by themselves; nothing is lost, nothing sent twice', async () => {
    const { worker, sender } = site.startCrew()
    // Longer outages than leases: what the worker has in hand expires meanwhile.
    await worker.open()
    await worker.work({ leaseMs: 600 })
    await sender.open()
    sender.send({ sends: 45 * roundCount })
    for (const outageMs of outages) {
      const before = sender.acknowledged.length
      await eventually(
        () => sender.acknowledged.length > before + 10 && site.sink.received.size > 20,
        () => ['The sender does not go on', ...sender.refused.slice(-1)].join(': '),
      )
      await server.crash()
      await sleep(outageMs)
      await server.start()
    }
    const known = sender.acknowledged.length
    await eventually(
      () => sender.acknowledged.length > known + 10,
      () => ['The sender does not go on', ...sender.refused.slice(-1)].join(': '),
    )
    await sender.sentAll()
    await eventually(
      async () => (await unsettled(site, worker)).length === 0,
      async () => `The worker does not go on: ${JSON.stringify(await unsettled(site, worker))}`,
    )
    // By now nothing may be in flight; a claim whose answer was cut off is one attempt lost.
    const inFlight = await inFlightIds(site, worker)
    const { lost, duplicated, wrong } = await examine(site, worker, sender.acknowledged, inFlight)
    assert.deepEqual(lost, [])
    assert.deepEqual(duplicated, [])
    assert.deepEqual(
      wrong.filter((text) => !/needed \d+ attempts$/.test(text)),
      [],
    )
    assert.ok(
      sender.refused.length > 0,
      'no send met the outage; the test shows less than it should',
    )
    await killChildren()
  })

  test('a worker told to end while it is away ends, soon after its grace time', async () => {
    site.sink.forget()
    site.sink.answerWithin(600, 600)
    const { worker, sender } = site.startCrew()
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
