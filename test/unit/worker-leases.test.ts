import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLeases } from '../../src/worker/leases.ts'

test('a late end of an earlier claim does not give up the lease of the present one', async () => {
  const renewed = new Set<string>()
  const leases = createLeases(
    30,
    async (held) => {
      for (const { id, claims } of held) renewed.add(`${id}/${claims}`)
      return new Set(held.map(({ id }) => id))
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
