import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { examine, unsettled } from '../support/crash-check.ts'
import { eventually, killChildren } from '../support/crash-child.ts'
import { roundCount } from '../support/crash-rounds.ts'
import { type CrashSite, createPostgresSite } from '../support/crash-site.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'

/** Outages of one test, so that each has a time limit of its own. */
const roundsATest = 10

describe('Redis falls over and comes back empty', () => {
  let redis: TestRedis
  let site: CrashSite

  before(async () => {
    redis = await startRedis()
    site = await createPostgresSite(undefined, { redisUrl: redis.url() })
  })
  after(async () => {
    await killChildren()
    await site?.close()
    await redis?.stop()
  })

  for (let from = 0; from < roundCount; from += roundsATest) {
    test(`outages ${from + 1} to ${from + roundsATest}: no send fails, nothing is lost or sent twice`, async () => {
      site.sink.forget()
      const { worker, sender } = site.startCrew()
      const other = site.start('worker')
      for (const each of [worker, other]) {
        await each.open()
        await each.work({ leaseMs: 30_000 })
      }
      await sender.open()
      sender.send()
      for (let round = 0; round < roundsATest; round += 1) {
        const known = sender.acknowledged.length
        await eventually(
          () => sender.acknowledged.length > known + 3,
          () => 'The sender does not go on',
        )
        await sleep(Math.random() * 200)
        await redis.crash()
        await sleep(Math.random() * 400)
        await redis.start()
      }
      const { acknowledged } = sender
      sender.kill()
      await sender.ended
      await eventually(
        async () => (await unsettled(site, worker)).length === 0,
        async () => `The workers do not go on: ${JSON.stringify(await unsettled(site, worker))}`,
      )
      const found = await examine(site, worker, acknowledged, new Set())
      assert.deepEqual(
        { ...found, refused: sender.refused },
        {
          ...{ lost: [], duplicated: [], wrong: [], refused: [] },
        },
      )
      await killChildren()
    })
  }
})
