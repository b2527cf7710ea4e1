import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Held } from '../../src/outbox/hold.ts'
import { createLeases, type Lease } from '../../src/worker/leases.ts'

test('a late end of an earlier claim does not give up the lease of the present one', async () => {
  const renewed = new Set<string>()
  const leases = createLeases(
    30,
    async (held) => {
      for (const { id, claims } of held) renewed.add(`${id}/${claims}`)
      return { renewed: new Set(held.map(({ id }) => id)), busy: new Set() }
    },
    () => {},
  )
  const first = leases.add({ id: 'a', claims: 1 }, performance.now())
  const second = leases.add({ id: 'a', claims: 2 }, performance.now())
  leases.remove(first)
  assert.deepEqual(leases.held(), [second])
  await sleep(40)
  leases.stop()
  assert.deepEqual([...renewed], ['a/2'])
})

test('what somebody is just writing is neither prolonged nor lost', async () => {
  const leases = createLeases(
    60,
    async () => ({ renewed: new Set(['a']), busy: new Set(['b']) }),
    () => {},
  )
  const now = performance.now()
  const [a, b, c] = ['a', 'b', 'c'].map((id) => leases.add({ id, claims: 1 }, now)) as [
    Lease,
    Lease,
    Lease,
  ]
  await sleep(50)
  leases.stop()
  assert.deepEqual([a.lost, b.lost, c.lost], [false, false, true])
  assert.ok(a.until > now + 60)
  assert.equal(b.until, now + 60)
})

test('claims that a statement brings again are known', () => {
  const leases = createLeases(
    1000,
    async () => ({ renewed: new Set(), busy: new Set() }),
    () => {},
  )
  const now = performance.now()
  const [sent, failed, under] = ['sent', 'failed', 'under way'].map((id) => ({
    id,
    claims: 1,
  })) as [Held, Held, Held]
  for (const each of [sent, failed, under]) leases.add(each, now)
  const isHere = leases.remember()
  leases.remove(sent, true)
  leases.remove(failed)
  assert.deepEqual([sent, failed, under].map(isHere), [true, false, true])
  assert.equal(isHere({ ...sent, claims: 2 }), false)
  // A statement that begins later finds it settled.
  assert.equal(leases.remember()(sent), false)
  leases.stop()
})
