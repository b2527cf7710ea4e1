import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Claimed } from '../../src/outbox/claimed.ts'
import type { Lease } from '../../src/worker/leases.ts'
import { createSending } from '../../src/worker/start.ts'

const lease: Lease = { id: 'a', claims: 1, until: Number.POSITIVE_INFINITY, lost: false }
const claimed = { claimedAt: new Date() } as Claimed
/** Deadlines are shared by what began within this. */
const togetherMs = 20

describe('the time of a try', () => {
  test('is never shorter than it was given, nor much longer, whoever shares it', async () => {
    const sending = createSending()
    const began = performance.now()
    const first = sending.begin(lease, claimed, 60)
    const second = sending.begin(lease, claimed, 60)
    await sleep(30)
    const third = sending.begin(lease, claimed, 60)
    assert.equal(second.signal, first.signal)
    assert.notEqual(third.signal, first.signal)
    const over: number[] = []
    const reasons = new Set<string>()
    for (const each of [first, second, third]) {
      each.onAbort((reason) => {
        over.push(performance.now() - began)
        reasons.add(reason.message)
      })
    }
    await sleep(150)
    assert.deepEqual([...reasons], ['No answer within 60 ms'])
    // A timer may come a millisecond early.
    assert.ok(over[0]! >= 60 + togetherMs - 1 && over[1]! >= 60 + togetherMs - 1, String(over))
    assert.ok(over[2]! >= 30 + 60 + togetherMs - 2, String(over))
    assert.ok(first.signal.aborted && third.signal.aborted)
  })

  test('ends with the last that share it, and is no matter of the next', async () => {
    const sending = createSending()
    const first = sending.begin(lease, claimed, 30)
    const { signal } = first
    const second = sending.begin(lease, claimed, 30)
    sending.end(first)
    sending.end(second)
    const next = sending.begin(lease, claimed, 10_000)
    await sleep(80)
    assert.equal(signal.aborted, false)
    assert.equal(next.signal.aborted, false)
    sending.end(next)
  })

  test('is over for all at a shutdown, for those too that begin later', () => {
    const sending = createSending()
    const tries = [1000, 2000].map((timeoutMs) => sending.begin(lease, claimed, timeoutMs))
    sending.abort()
    tries.push(sending.begin(lease, claimed, 1000))
    const told: string[] = []
    for (const each of tries) each.onAbort(({ message }) => told.push(message))
    assert.deepEqual(told, Array(3).fill('The worker is stopping'))
    for (const each of tries) {
      assert.equal(each.signal.aborted, true)
      sending.end(each)
    }
  })

  test('is heard by a hundred at once without a warning', async () => {
    const warnings: Error[] = []
    const warn = (warning: Error) => warnings.push(warning)
    process.on('warning', warn)
    const sending = createSending()
    const tries = Array.from({ length: 100 }, () => sending.begin(lease, claimed, 1000))
    let heard = 0
    for (const { signal } of tries) signal.addEventListener('abort', () => heard++)
    await sleep(1)
    sending.abort()
    for (const each of tries) sending.end(each)
    assert.equal(heard, 100)
    process.off('warning', warn)
    assert.deepEqual(warnings, [])
  })
})
