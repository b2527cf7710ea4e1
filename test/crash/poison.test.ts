import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { poison } from '../support/crash-app.ts'
import { unsettled } from '../support/crash-check.ts'
import { eventually, killChildren } from '../support/crash-child.ts'
import { type CrashSite, createPostgresSite } from '../support/crash-site.ts'

interface Row {
  readonly channel: string
  readonly address_key: string
  readonly status: string
  readonly attempts: number
  readonly error_code: string | null
}

describe('a message that kills whoever sends it', () => {
  /** As `crash-app.ts` has it. */
  const tries = 3
  let site: CrashSite

  before(async () => {
    site = await createPostgresSite()
  })
  after(async () => {
    await killChildren()
    await site?.close()
  })

  test('fails after its tries; what was sent beside it loses one at most', async () => {
    // Slow, so that what is claimed together with it is still in flight when it strikes.
    site.sink.answerWithin(150, 300)
    const sender = site.start('sender')
    await sender.open()
    const neighbours = (channel: string) => Array.from({ length: 12 }, (_, n) => `/${channel}/${n}`)
    // First in line, so that it strikes as soon as each new worker has begun.
    await sender.sendTo('webhook', [poison])
    await sender.sendTo('webhook', neighbours('webhook'))
    await sender.sendTo('other', neighbours('other'))
    let kills = 0
    let worker = site.start('worker')
    await worker.work({ leaseMs: 700 })
    let next = site.start('worker')
    await eventually(
      async () => {
        const end = await Promise.race([worker.ended, undefined])
        if (end !== undefined) {
          assert.equal(end, 'SIGKILL')
          kills += 1
          worker = next
          await worker.work({ leaseMs: 700 })
          next = site.start('worker')
        }
        return (await unsettled(site, worker)).length === 0
      },
      () => `Not settled after ${kills} kills`,
      { timeoutMs: 60_000, everyMs: 100 },
    )
    const rows = await site.ask<Row>(
      worker,
      `SELECT channel, address_key, status, attempts, error_code FROM ${site.schema}.delivery`,
    )
    const isPoison = ({ address_key }: Row) => address_key.endsWith(poison)
    assert.deepEqual(
      rows
        .filter(isPoison)
        .map(({ status, attempts, error_code }) => [status, attempts, error_code]),
      [['failed', tries, 'worker-lost']],
    )
    assert.equal(kills, tries)
    const others = rows.filter((row) => !isPoison(row))
    assert.equal(others.length, 24)
    for (const { channel, address_key, status, attempts } of others) {
      const what = `${channel} ${address_key}: ${status} after ${attempts} attempts`
      assert.ok(status === 'sent' && attempts <= 2, what)
    }
    assert.ok(
      others.some(({ channel, attempts }) => channel === 'other' && attempts === 2),
      'nothing was in flight on the other channel; the test shows less than it should',
    )
  })
})
