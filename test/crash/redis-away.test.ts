import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createBullmqQueue, loadBullmq } from '../../src/queue/bullmq.ts'
import { eventually } from '../support/crash-child.ts'
import { freshSchema, redisUrl } from '../support/engines.ts'
import { portOf, startLine } from '../support/proxy.ts'

const thorough = process.env.ENVOYER_THOROUGH === '1'

/** One queue puts tickets all the time, another takes them, both over one line to Redis. */
async function openQueues(t: TestContext) {
  const line = await startLine({ port: portOf(redisUrl()) })
  const packages = await loadBullmq()
  const counts = { handled: 0 }
  /** Whether what is told by way of the database comes through. */
  const database = { passes: false }
  const heard = new Set<() => void>()
  const errors: Error[] = []
  const prefix = freshSchema()
  const open = () =>
    createBullmqQueue(packages, {
      ...{ url: line.through(redisUrl()), prefix },
      notify: async () => {
        if (database.passes) for (const each of heard) each()
      },
      listen: async (each) => {
        heard.add(each)
        return async () => void heard.delete(each)
      },
      onError: (error) => void errors.push(error),
    })
  const [sender, worker] = [open(), open()]
  await worker.consume('email', 2, async () => {
    counts.handled += 1
  })
  const ticker = setInterval(() => sender.ticket('email'), 50)
  t.after(async () => {
    clearInterval(ticker)
    await Promise.all([sender.close(), worker.close()])
    await line.close()
  })
  return { line, errors, counts, database }
}

// Side by side: they wait nearly all the time.
describe('while Redis is away', { concurrency: true }, () => {
  const outages = [
    // Longer than it is believed: the connections are made anew, into the same silence.
    { state: 'silent', awayMs: 16_000 },
    { state: 'refuse', awayMs: thorough ? 300_000 : 10_000 },
  ] as const
  for (const { state, awayMs } of outages) {
    test(`(${state}) tickets go another way, and once it is back, over it again`, async (t) => {
      const { line, errors, counts, database } = await openQueues(t)
      const heardWithin = async (ms: number) => {
        const before = counts.handled
        await sleep(ms)
        return counts.handled - before
      }
      const byRedis = async () => (await heardWithin(1000)) > 5
      await eventually(byRedis, () => 'tickets do not go over Redis to begin with')
      line.become(state)
      database.passes = true
      // What was put as it went away may wait for its answer; nothing may a second later.
      await sleep(1000)
      const until = performance.now() + awayMs
      while (performance.now() < until) {
        const heard = await heardWithin(1000)
        assert.ok(heard > 5, `${heard} in a second`)
      }
      line.become('pass')
      database.passes = false
      await eventually(byRedis, () => 'tickets do not go over Redis again', { timeoutMs: 30_000 })
      assert.ok(errors.length >= 1 && errors.length <= 4, errors.map(String).join('\n'))
      assert.match(errors[0]!.message, /^Of Redis; /)
      if (state === 'silent') return
      // Nor are the new connections ended for what was not answered on the old ones.
      await sleep(6000)
      assert.deepEqual(
        errors.map(String).filter((error) => error.includes('Socket timeout')),
        [],
      )
    })
  }
})
