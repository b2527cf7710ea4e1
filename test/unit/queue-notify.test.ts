import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNotifyQueue } from '../../src/queue/notify.ts'
import { until } from '../support/database.ts'

test('of what is due later others are told once, and only where no worker of this process knows of it', async () => {
  let [notified, handled] = [0, 0]
  const queue = createNotifyQueue(
    async () => {
      notified += 1
    },
    async () => async () => {},
    (error) => assert.fail(error),
  )
  for (let n = 0; n < 10; n += 1) queue.ticket('email', { delayMs: 250 })
  await sleep(50)
  assert.equal(notified, 0)
  await until(() => notified > 0, 'the word of it')
  await sleep(50)
  // They may fall on both sides of a span's end.
  assert.ok(notified <= 2, `${notified} times`)
  const before = notified
  await queue.consume('email', 1, async () => {
    handled += 1
  })
  // As of a bucket that is filled again: every worker would have all others look.
  queue.ticket('email', { delayMs: 20 })
  await until(() => handled > 0, 'the ticket')
  await sleep(50)
  assert.equal(notified, before)
  await queue.close()
})
