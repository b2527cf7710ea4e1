import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSettler } from '../../src/worker/settler.ts'

interface Item {
  readonly id: string
  readonly attempt: number
}
const item = (id: string, attempt = 1): Item => ({ id, attempt })
const options = { keyOf: ({ id }: Item) => id, pauseMs: 5 }

describe('the settler', () => {
  test('writes the others although one of them cannot be written', async () => {
    const written: string[] = []
    const errors: Error[] = []
    const settler = createSettler<Item>(
      async (chunk) => {
        if (chunk.some(({ id }) => id === 'bad')) throw new Error('not to be written')
        written.push(...chunk.map(({ id }) => id))
        return () => {}
      },
      (error) => void errors.push(error),
      options,
    )
    const ids = Array.from({ length: 40 }, (_, n) => (n === 17 ? 'bad' : `id-${n}`))
    for (const id of ids) void settler.add(item(id))
    for (let n = 0; n < 200 && written.length < 39; n += 1) await sleep(5)
    assert.deepEqual(written.sort(), ids.filter((id) => id !== 'bad').sort())
    assert.ok(errors.length > 0)
    await settler.drained(20)
  })

  test('never has two outcomes of one delivery in a chunk, and keeps their order', async () => {
    const chunks: (readonly Item[])[] = []
    const settler = createSettler<Item>(
      async (chunk) => {
        chunks.push(chunk)
        return () => {}
      },
      () => {},
      options,
    )
    for (const each of [item('a', 1), item('b'), item('a', 2), item('c')]) void settler.add(each)
    await settler.drained()
    assert.deepEqual(chunks, [
      [item('a', 1), item('b')],
      [item('a', 2), item('c')],
    ])
  })

  test('writes the first at once, and what comes close behind it in one chunk', async () => {
    const chunks: string[][] = []
    const settler = createSettler<Item>(
      async (chunk) => {
        chunks.push(chunk.map(({ id }) => id))
        return () => {}
      },
      () => {},
      options,
    )
    const began = performance.now()
    void settler.add(item('a'))
    while (chunks.length === 0) await sleep(1)
    const tookMs = performance.now() - began
    for (const id of ['b', 'c', 'd']) {
      void settler.add(item(id))
      await new Promise((resolve) => setImmediate(resolve))
    }
    while (chunks.length === 1) await sleep(1)
    assert.deepEqual(chunks, [['a'], ['b', 'c', 'd']])
    assert.ok(tookMs < 15, `the first waited ${tookMs} ms`)
  })

  test('writes a chunk that is large at once, and what is left when it is drained', async () => {
    const sizes: number[] = []
    const settler = createSettler<Item>(
      async (chunk) => {
        sizes.push(chunk.length)
        return () => {}
      },
      () => {},
      options,
    )
    void settler.add(item('first'))
    while (sizes.length === 0) await sleep(1)
    for (let n = 0; n < 150; n += 1) void settler.add(item(`${n}`))
    void settler.add(item('last'))
    assert.equal(await settler.drained(), 0)
    assert.deepEqual(sizes, [1, 151])
  })

  test('holds back whoever adds while it is far behind', async () => {
    let open: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const settler = createSettler<Item>(
      async () => {
        await gate
        return () => {}
      },
      () => {},
      { ...options, atMost: 3 },
    )
    const added: number[] = []
    for (let n = 0; n < 5; n += 1) void settler.add(item(`${n}`)).then(() => added.push(n))
    await sleep(20)
    assert.deepEqual(added, [0, 1, 2])
    open()
    await settler.drained()
    await sleep(1)
    assert.deepEqual(added, [0, 1, 2, 3, 4])
  })

  test('a listener that throws after a write does not have it written twice', async () => {
    const written: string[] = []
    const settler = createSettler<Item>(
      async (chunk) => {
        written.push(...chunk.map(({ id }) => id))
        return () => {
          throw new Error('after')
        }
      },
      () => {},
      options,
    )
    void settler.add(item('a'))
    await settler.drained(100)
    assert.deepEqual(written, ['a'])
  })

  test('gives up at the end of the time it is given, and says how many are left', async () => {
    const settler = createSettler<Item>(
      async () => {
        throw new Error('no database')
      },
      () => {},
      options,
    )
    void settler.add(item('a'))
    void settler.add(item('b'))
    assert.equal(await settler.drained(50), 2)
  })
})
