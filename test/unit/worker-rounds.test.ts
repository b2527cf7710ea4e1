import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Claim, nothingClaimed } from '../../src/outbox/claim.ts'
import type { Claimed } from '../../src/outbox/claimed.ts'
import type { Position } from '../../src/outbox/position.ts'
import { createRounds } from '../../src/worker/rounds.ts'

const limits = { limit: 3, ordinaryLimit: 2 }
const two = [{ id: 'a' }, { id: 'b' }] as Claimed[]
const at = (lane: string): Position => ({ lane, event: 'alarm', sendAt: 'infinity' })

/** Rounds over what `answers` give in turn, and where each claim looked. */
function scene(...answers: Partial<Claim>[]) {
  const asked: { after: Position | null; afterUrgent: Position | null }[] = []
  let now = 0
  const rounds = createRounds(
    async ({ after, afterUrgent }) => {
      asked.push({ after, afterUrgent })
      return { ...nothingClaimed, ...answers[asked.length - 1] }
    },
    () => now,
  )
  return {
    rounds,
    advance: (ms: number) => {
      now += ms
    },
    asked: () => asked.map(({ after }) => after),
    askedUrgent: () => asked.map(({ afterUrgent }) => afterUrgent),
  }
}

const found = (before: string, next: string | null = null): Partial<Claim> => ({
  claimed: two,
  before: at(before),
  next: next === null ? null : at(next),
})

test('a full claim is followed by one from where it found the first', async () => {
  const { rounds, asked } = scene(found('b'), found('c'), {})
  for (let n = 0; n < 3; n += 1) await rounds.claim(limits)
  assert.deepEqual(asked(), [null, at('b'), at('c')])
})

test('one that was not full is followed by a look from the beginning', async () => {
  const { rounds, asked } = scene({ ...found('b'), claimed: two.slice(1) }, {})
  for (let n = 0; n < 2; n += 1) await rounds.claim(limits)
  assert.deepEqual(asked(), [null, null])
})

test('a round of several claims begins where the one before found the first', async () => {
  const { rounds, asked } = scene(found('b', 'd'), found('e'), found('b'))
  for (let n = 0; n < 3; n += 1) await rounds.claim(limits)
  assert.deepEqual(asked(), [null, at('d'), at('b')])
})

test('after a moment the line is looked at from its beginning, however full the claims are', async () => {
  const { rounds, asked, advance } = scene(found('b'), found('b'), found('b'), found('b'))
  for (let n = 0; n < 2; n += 1) await rounds.claim(limits)
  advance(100)
  for (let n = 0; n < 2; n += 1) await rounds.claim(limits)
  assert.deepEqual(asked(), [null, at('b'), null, at('b')])
})

test('nothing more is due only after a look from the beginning', async () => {
  const { rounds, asked } = scene(found('b'), {}, {})
  const more: boolean[] = []
  for (let n = 0; n < 3; n += 1) more.push((await rounds.claim(limits)).more)
  assert.deepEqual(asked(), [null, at('b'), null])
  assert.deepEqual(more, [true, true, false])
})

test('urgent ones are looked for from their beginning, whatever was found', async () => {
  const { rounds, askedUrgent } = scene(found('b'), { ...found('b'), nextUrgent: at('u') }, {}, {})
  for (let n = 0; n < 4; n += 1) await rounds.claim(limits)
  assert.deepEqual(askedUrgent(), [null, null, at('u'), null])
})

test('a claim without room for ordinary ones leaves open where these are looked for', async () => {
  const { rounds, asked } = scene(found('b'), {}, found('b'))
  await rounds.claim(limits)
  await rounds.claim({ limit: 1, ordinaryLimit: 0 })
  await rounds.claim(limits)
  assert.deepEqual(asked(), [null, null, at('b')])
})
