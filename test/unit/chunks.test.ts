import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Chunk, inChunks } from '../../src/recipient/chunks.ts'

const limits = { size: 3, waitMs: 40 }
const one = (recipient: object) => [(recipient as { n: number }).n]

async function all<T>(chunks: AsyncIterable<Chunk<T>>): Promise<[readonly T[], number][]> {
  const found: [readonly T[], number][] = []
  for await (const { made, recipients } of chunks) found.push([made, recipients])
  return found
}

function* numbers(upTo: number) {
  for (let n = 1; n <= upTo; n += 1) yield { n }
}

test('chunks are full but for the last, and tell how many recipients were read', async () => {
  assert.deepEqual(await all(inChunks(numbers(7), one, limits)), [
    [[1, 2, 3], 3],
    [[4, 5, 6], 6],
    [[7], 7],
  ])
  assert.deepEqual(await all(inChunks(numbers(3), one, limits)), [[[1, 2, 3], 3]])
  assert.deepEqual(await all(inChunks(numbers(0), one, limits)), [])
})

test('recipients of whom nothing is made are told of too, and what is made of one stays together', async () => {
  const make = (recipient: object) => {
    const [n] = one(recipient)
    return n! % 2 === 0 ? [] : [n!, n!]
  }
  assert.deepEqual(await all(inChunks(numbers(5), make, limits)), [
    [[1, 1, 3, 3], 3],
    [[5, 5], 5],
  ])
  assert.deepEqual(await all(inChunks(numbers(4), () => [], limits)), [[[], 4]])
})

test('a slow source does not hold back what it has given', async () => {
  let go: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  async function* slow() {
    yield* numbers(2)
    await gate
    yield { n: 3 }
  }
  const chunks = inChunks(slow(), one, limits)
  assert.deepEqual((await chunks.next()).value, { made: [1, 2], recipients: 2 })
  const next = chunks.next()
  // Nothing has gathered: nothing is given, however long it takes.
  assert.equal(await Promise.race([next, sleep(100, 'nothing')]), 'nothing')
  go()
  assert.deepEqual((await next).value, { made: [3], recipients: 3 })
  assert.equal((await chunks.next()).done, true)
})

test('a source is closed when it is left, even in the middle of a question', async () => {
  const closed: string[] = []
  async function* source(name: string, stop: Promise<unknown>) {
    try {
      yield* numbers(4)
      await stop
      throw new Error('nobody listens any more')
    } finally {
      closed.push(name)
    }
  }
  const failing = async (chunks: AsyncIterable<Chunk<number>>, after: number) => {
    let seen = 0
    for await (const _ of chunks) if (++seen === after) throw new Error('not written')
  }
  const never = new Promise(() => {})
  await assert.rejects(failing(inChunks(source('first', never), one, limits), 1), /not written/)
  assert.deepEqual(closed, ['first'])
  // The second chunk comes by the clock, while the source is being asked for more.
  const soon = sleep(100)
  await assert.rejects(failing(inChunks(source('second', soon), one, limits), 2), /not written/)
  assert.deepEqual(closed, ['first'])
  await sleep(150)
  assert.deepEqual(closed, ['first', 'second'])
})

test('what the source or a recipient throws is thrown on, and a source that threw is not closed', async () => {
  const bad = (recipient: object) => {
    const [n] = one(recipient)
    if (n === 2) throw new Error('no object')
    return [n!]
  }
  let closed = 0
  const iterator = (next: () => Promise<IteratorResult<object>>) => ({
    [Symbol.asyncIterator]: () => ({
      next,
      return: async () => {
        closed += 1
        throw new Error('cannot be closed')
      },
    }),
  })
  let n = 0
  const counting = iterator(async () => ({ done: false, value: { n: ++n } }))
  await assert.rejects(all(inChunks(counting, bad, limits)), /no object/)
  assert.equal(closed, 1)
  const broken = iterator(() => Promise.reject(new Error('the source broke')))
  await assert.rejects(all(inChunks(broken, one, limits)), /the source broke/)
  assert.equal(closed, 1)
})
