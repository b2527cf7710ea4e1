import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createInProcessQueue } from '../../src/queue/in-process.ts'

test('a LISTEN that failed is tried again by who comes next, and keeps nobody from closing', async () => {
  let fails = true
  let ended = 0
  const listen = async () => {
    if (fails) throw new Error('no connection')
    return async () => {
      ended += 1
    }
  }
  const queue = createInProcessQueue(() => {}, listen)
  await assert.rejects(
    queue.consume('email', 1, async () => {}),
    /no connection/,
  )
  fails = false
  await queue.consume('email', 1, async () => {})
  await queue.close()
  assert.equal(ended, 1)

  fails = true
  const other = createInProcessQueue(() => {}, listen)
  const consuming = assert.rejects(
    other.consume('email', 1, async () => {}),
    /no connection/,
  )
  await other.close()
  await consuming
})
