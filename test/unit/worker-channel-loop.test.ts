import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { nothingClaimed as nothing } from '../../src/outbox/claim.ts'
import type { Claimed } from '../../src/outbox/claimed.ts'
import { behind } from '../../src/outbox/position.ts'
import { type ChannelLoopOptions, createChannelLoop } from '../../src/worker/channel-loop.ts'

const delivery = (id: string) => ({ id }) as Claimed
const upTo = (lane: string | null) => ({ ...nothing, next: behind(lane, 'alarm') })

function loopOf(options: Partial<ChannelLoopOptions>) {
  return createChannelLoop({
    concurrency: 10,
    reserved: 1,
    solo: { taken: false },
    claim: async () => nothing,
    claimAlone: async () => undefined,
    start: async () => {},
    ...options,
  })
}

describe('a channel’s loop', () => {
  test('stopped while it claims, waits for what that claim brings', async () => {
    let claims = 0
    let ended = false
    const loop = loopOf({
      async claim() {
        claims += 1
        await sleep(30)
        return claims === 1 ? { ...nothing, claimed: [delivery('a')] } : nothing
      },
      async start() {
        await sleep(30)
        ended = true
      },
    })
    void loop.run()
    await sleep(5)
    await loop.stop()
    assert.equal(ended, true)
  })

  test('lets a single message start before it looks for more', async () => {
    const claimedAt: number[] = []
    const loop = loopOf({
      async claim() {
        claimedAt.push(performance.now())
        return claimedAt.length === 1 ? { ...nothing, claimed: [delivery('a')] } : nothing
      },
      start: () => sleep(50),
    })
    void loop.run()
    while (claimedAt.length < 2) await sleep(1)
    await loop.stop()
    const apartMs = claimedAt[1]! - claimedAt[0]!
    assert.ok(apartMs >= 4, `it looked again after ${apartMs} ms`)
  })

  test('rests when a whole turn over more lanes than one claim sees has found nothing', async () => {
    const lanes = ['lane-1', 'lane-2', null]
    const asked: (string | undefined)[] = []
    const loop = loopOf({
      async claim({ after }) {
        asked.push(after?.lane)
        await sleep(0)
        return upTo(lanes[(asked.length - 1) % 3]!)
      },
    })
    const ran = loop.run()
    await Promise.race([ran, sleep(200)])
    await loop.stop()
    assert.deepEqual(asked, [undefined, 'lane-1', 'lane-2'])
  })

  test('looks at every lane again where it is woken in the middle of a turn', async () => {
    const due = new Set<string | undefined>()
    const asked: (string | undefined)[] = []
    const started: string[] = []
    const loop = loopOf({
      async claim({ after }) {
        asked.push(after?.lane)
        // Something becomes due in a lane that this turn has passed already.
        if (asked.length === 2) {
          due.add(undefined)
          void loop.run()
        }
        await sleep(0)
        const claimed = due.delete(after?.lane) ? [delivery('late')] : []
        return { ...upTo(after === null ? 'lane-1' : null), claimed }
      },
      async start({ id }) {
        started.push(id)
      },
    })
    await loop.run()
    assert.deepEqual(started, ['late'])
    assert.ok(asked.length <= 8, `${asked.length} claims`)
  })

  test('does not look through the lanes while the rate allows nothing', async () => {
    let claims = 0
    const loop = loopOf({
      async claim() {
        claims += 1
        await sleep(0)
        return { ...upTo('lane-1'), limited: true }
      },
    })
    await Promise.race([loop.run(), sleep(200)])
    await loop.stop()
    assert.equal(claims, 1)
  })
})
