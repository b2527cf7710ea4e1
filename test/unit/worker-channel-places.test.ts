import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nothingClaimed as nothing } from '../../src/outbox/claim.ts'
import type { Claimed } from '../../src/outbox/claimed.ts'
import { createChannelLoop } from '../../src/worker/channel-loop.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const delivery = (id: string) => ({ id }) as Claimed

/** A loop over a list of waiting ids, with a record of what it asked and sent. */
function createScene(options: {
  concurrency: number
  reserved?: number
  sendMs?: number
  claimMs?: number
}) {
  const waiting: string[] = []
  const alone: string[] = []
  const sent: string[] = []
  const asked: { limit: number; ordinaryLimit: number }[] = []
  let started = 0
  let inFlight = 0
  let most = 0
  const beside: number[] = []
  const loop = createChannelLoop({
    concurrency: options.concurrency,
    reserved: options.reserved ?? 0,
    solo: { taken: false },
    async claim({ limit, ordinaryLimit }) {
      asked.push({ limit, ordinaryLimit })
      if (options.claimMs) await pause(options.claimMs)
      return { ...nothing, claimed: waiting.splice(0, ordinaryLimit).map(delivery) }
    },
    async claimAlone() {
      const id = alone.shift()
      if (id !== undefined) beside.push(inFlight)
      return id === undefined ? undefined : delivery(id)
    },
    async start({ id }) {
      inFlight += 1
      most = Math.max(most, inFlight)
      started += 1
      // Not all take as long, so that places become free one at a time.
      await pause((options.sendMs ?? 2) * (1 + (started % 3)))
      inFlight -= 1
      sent.push(id)
    },
  })
  return { loop, waiting, alone, sent, asked, beside, sending: () => inFlight, most: () => most }
}

test('sends all that waits, never more at once than it has places', async () => {
  const scene = createScene({ concurrency: 4 })
  scene.waiting.push(...Array.from({ length: 50 }, (_, n) => `${n}`))
  await scene.loop.run()
  await scene.loop.stop()
  assert.equal(new Set(scene.sent).size, 50)
  assert.equal(scene.most(), 4)
  assert.ok(scene.asked.every(({ limit }) => limit >= 1 && limit <= 4))
})

test('keeps places for urgent ones, also while a backlog waits', async () => {
  const scene = createScene({ concurrency: 4, reserved: 1, sendMs: 50 })
  scene.waiting.push(...Array.from({ length: 9 }, (_, n) => `${n}`))
  const running = scene.loop.run()
  while (scene.sending() < 3) await pause(1)
  // A ticket: what came may be urgent, and there is one place for it.
  const before = scene.asked.length
  await scene.loop.run()
  while (scene.asked.length === before) await pause(1)
  assert.ok(scene.asked.some(({ limit, ordinaryLimit }) => limit === 1 && ordinaryLimit === 0))
  await running
  assert.equal(scene.most(), 3)
})

test('a ticket that comes while it claims makes it look again', async () => {
  let claims = 0
  const loop = createChannelLoop({
    concurrency: 1,
    reserved: 0,
    solo: { taken: false },
    async claim() {
      claims += 1
      if (claims === 1) await Promise.all([pause(5), loop.run()])
      return nothing
    },
    claimAlone: async () => undefined,
    start: async () => {},
  })
  await loop.run()
  assert.equal(claims, 2)
})

test('sends alone what must be sent alone, and lets the others have their turn', async () => {
  const scene = createScene({ concurrency: 4, sendMs: 5 })
  scene.waiting.push(...Array.from({ length: 40 }, (_, n) => `${n}`))
  scene.alone.push('x', 'y', 'z')
  const running = scene.loop.run()
  await pause(2)
  scene.loop.wakeAlone()
  await running
  await scene.loop.stop()
  assert.equal(scene.sent.length, 43)
  assert.deepEqual(scene.beside, [0, 0, 0])
  const [first, last] = [scene.sent.indexOf('x'), scene.sent.indexOf('z')]
  assert.ok(last - first > 2, 'others were sent between them')
})

test('sends nothing beside it, at whichever look at the clock its turn has come', async (t) => {
  let clock = 0
  let untilTurn = 0
  t.mock.method(performance, 'now', () => {
    untilTurn -= 1
    if (untilTurn <= 0) clock += 1000
    return clock
  })
  for (let look = 1; look <= 20; look += 1) {
    untilTurn = Number.POSITIVE_INFINITY
    const scene = createScene({ concurrency: 4 })
    scene.alone.push('x', 'y')
    scene.loop.wakeAlone()
    const running = scene.loop.run()
    while (scene.sending() === 0) await pause(1)
    // The clock stands still but for this: sending `x` takes long, so that others have their turn.
    clock += 100
    untilTurn = look + 2
    scene.waiting.push(...Array.from({ length: 12 }, (_, n) => `${n}`))
    await running
    await scene.loop.stop()
    assert.equal(scene.sent.length, 14)
    assert.deepEqual(scene.beside, [0, 0], `look ${look}`)
  }
})

test('stops at once, also where the turn of what is sent alone is still to come', async () => {
  const scene = createScene({ concurrency: 4, sendMs: 300, claimMs: 20 })
  scene.alone.push('x')
  scene.loop.wakeAlone()
  void scene.loop.run()
  while (scene.sending() === 0) await pause(1)
  // Told while it claims behind that: nobody waits for the bell then.
  const claims = scene.asked.length
  while (scene.asked.length === claims) await pause(0)
  const began = performance.now()
  await scene.loop.stop()
  const tookMs = performance.now() - began
  assert.ok(tookMs < 150, `it took ${tookMs} ms with nothing in flight`)
})
