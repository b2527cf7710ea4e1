import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { SentRecipients } from '../../src/owner/receive.ts'
import { sendRecipients } from '../../src/owner/recipients.ts'

const text = (source: unknown) => JSON.stringify(source)

test('an owner that is gone while the source is slow takes no recipient with it', async () => {
  async function* slow() {
    for (let n = 0; n < 6; n += 1) {
      await pause(1100)
      yield n
    }
  }
  const outgoing = sendRecipients(slow(), text)
  const { next } = outgoing.sent as Exclude<SentRecipients, { kind: 'one' }>
  await next()
  // It asks for more, and does not live to hear the answer.
  const unheard = next()
  assert.equal(outgoing.rewind(), true)
  const got: string[] = []
  for (;;) {
    const { items, done, failed } = await next()
    assert.ok(!failed)
    got.push(...items)
    if (done) break
  }
  assert.deepEqual(got, ['0', '1', '2', '3', '4', '5'])
  assert.deepEqual((await unheard).items, [])
})
