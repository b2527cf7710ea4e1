import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import {
  type Post,
  type PostofficeServerOptions,
  postofficeServer,
} from '../../channels/postoffice/index.ts'
import type { Answer } from '../../src/channel/backend.ts'
import { DeliveryError, Permanent, RetryAfter } from '../../src/errors.ts'
import { createOutgoing } from '../../src/testing/outgoing.ts'
import { type PostofficeStandIn, startPostoffice } from '../support/postoffice.ts'

let server: PostofficeStandIn
let closing: (() => Promise<void> | undefined)[] = []
/** What the server answers a request that holds the message with this number. */
let stumbles: Record<number, number> = {}
beforeEach(async () => {
  stumbles = {}
  server = await startPostoffice({
    topics: { orders: 1, mail: 2, quiet: 0 },
    maxBulkMessages: 16,
    stumbleOver: ({ n }) => stumbles[Number(n)],
  })
})
afterEach(async () => {
  await Promise.all(closing.map((close) => close()))
  closing = []
  await server.stop()
})

function backend(options: Partial<PostofficeServerOptions> = {}) {
  const made = postofficeServer({ url: server.url, ...options })
  closing.push(() => made.close?.())
  return made
}

type Made = ReturnType<typeof backend>

const post = (n: number, topic = 'orders', over: Partial<Post> = {}): Post =>
  createOutgoing({ address: topic, message: {}, input: { n }, ...over })
const posts = (count: number, topic = 'orders') =>
  Array.from({ length: count }, (_, n) => post(n, topic))

const sendMany = (made: Made, all: readonly Post[], signal = new AbortController().signal) =>
  made.sendMany!(all, signal)

/** `sent`, or the code of the error. */
function ends(answers: readonly Answer[]): string[] {
  return answers.map((answer) => {
    if (!(answer instanceof Error)) return 'sent'
    assert.ok(answer instanceof DeliveryError, String(answer))
    return answer.code
  })
}

const arrived = () =>
  server.messages.map(({ payload }) => payload.n as number).sort((a, b) => a - b)
const paths = () => server.requests.map(({ path }) => path.split('/')[2]).sort()
const count = (times: number, what: string) => Array.from({ length: times }, () => what)

describe('grouping', () => {
  test('same topic and equal attributes go together, the others by themselves', async () => {
    const blue = { options: { attributes: { colour: 'blue', n: '7' } } }
    const alsoBlue = { message: { attributes: '{"n":7,"colour":"blue"}' } }
    const answers = await sendMany(backend(), [
      post(0),
      post(1, 'mail'),
      post(2),
      post(3, 'orders', blue),
      post(4),
      post(5, 'orders', alsoBlue),
    ])
    assert.deepEqual(ends(answers), count(6, 'sent'))
    assert.deepEqual(paths(), ['bulk_messages', 'bulk_messages', 'messages'])
    const together = server.messages.map(({ payload, together }) => [payload.n, together])
    assert.deepEqual(
      together.sort(([a], [b]) => Number(a) - Number(b)),
      [
        [0, 3],
        [1, 1],
        [2, 3],
        [3, 2],
        [4, 3],
        [5, 2],
      ],
    )
    const third = server.messages.find(({ payload }) => payload.n === 3)
    assert.deepEqual(third?.attributes, { colour: 'blue', n: '7' })
  })

  test('a bulk request is { topic, payload: […], attributes }', async () => {
    await sendMany(backend(), posts(2))
    assert.equal(server.requests[0]?.path, '/api/bulk_messages/')
    assert.deepEqual(JSON.parse(String(server.requests[0]?.body)), {
      topic: 'orders',
      payload: [{ n: 0 }, { n: 1 }],
      attributes: {},
    })
  })

  test('receipts: the ids by themselves; of a bulk the first and the last', async () => {
    const answers = await sendMany(backend(), [post(0, 'orders'), ...posts(3, 'mail')])
    const bulk = answers[1] as { firstId: number; lastId: number }
    assert.equal(bulk.lastId - bulk.firstId, 5)
    assert.deepEqual(
      answers.slice(1),
      count(3, '').map(() => ({ bulk: 3, ...bulk })),
    )
    assert.match(String((answers[0] as { id: string }).id), /^\d+$/)
  })

  test('with an attribute that carries the delivery’s id each goes by itself', async () => {
    const answers = await sendMany(backend({ idAttribute: 'delivery' }), posts(3))
    assert.deepEqual(ends(answers), count(3, 'sent'))
    assert.deepEqual(paths(), count(3, 'messages'))
  })

  test('a request stays under half of the 8 MB that the server reads', async () => {
    const large = (n: number) => post(n, 'orders', { input: { n, text: 'ü'.repeat(700_000) } })
    const answers = await sendMany(backend({ timeoutMs: 5000 }), [0, 1, 2, 3, 4].map(large))
    assert.deepEqual(ends(answers), count(5, 'sent'))
    assert.ok(server.requests.every(({ body }) => body.length < 4_100_000))
    assert.ok(server.requests.length < 5)
  })
})

describe('one message does not decide over another', () => {
  test('one that cannot be sent at all has its error, the others go', async () => {
    const bad = post(1, 'orders', { message: { payload: '[]' } })
    const answers = await sendMany(backend(), [post(0), bad, post(2)])
    assert.deepEqual(ends(answers), ['sent', 'payload-invalid', 'sent'])
    assert.deepEqual(arrived(), [0, 2])
  })

  test('each topic has its own end', async () => {
    const all = ['orders', 'none', 'quiet', 'orders', 'none', 'quiet'].map((topic, n) =>
      post(n, topic),
    )
    const answers = await sendMany(backend(), all)
    const topic = ['sent', 'postoffice-unknown-topic', 'postoffice-no-publisher']
    assert.deepEqual(ends(answers), [...topic, ...topic])
    assert.equal(server.requests.length, 3)
    const accepted = await sendMany(backend({ withoutPublisher: 'accept' }), posts(2, 'quiet'))
    assert.deepEqual(accepted, [
      { bulk: 2, ids: [] },
      { bulk: 2, ids: [] },
    ])
  })

  test('one that is too large for the server fails alone, for good', async () => {
    const huge = post(1, 'orders', { input: { n: 1, text: 'x'.repeat(8_000_000) } })
    const answers = await sendMany(backend({ timeoutMs: 5000 }), [post(0), huge, post(2)])
    assert.deepEqual(ends(answers), ['sent', 'http-413', 'sent'])
    assert.ok(answers[1] instanceof Permanent)
  })

  test('more than the server takes at once go in smaller ones, and it is remembered', async () => {
    const made = backend()
    assert.deepEqual(ends(await sendMany(made, posts(40))), count(40, 'sent'))
    assert.deepEqual(arrived(), [...Array(40).keys()])
    const first = server.requests.length
    assert.ok(first > 4, `${first} requests`)
    assert.deepEqual(ends(await sendMany(made, posts(40))), count(40, 'sent'))
    assert.equal(server.requests.length - first, 4)
    assert.ok(server.messages.every(({ together }) => together <= 16))
  })

  for (const status of [400, 406, 409, 413, 422]) {
    test(`a bulk refused with ${status} goes in halves, down to the one that is refused`, async () => {
      stumbles = { 5: status }
      const answers = await sendMany(backend(), posts(8))
      const expected = count(8, 'sent').with(5, `http-${status}`)
      assert.deepEqual(ends(answers), expected)
      assert.deepEqual(arrived(), [0, 1, 2, 3, 4, 6, 7])
      assert.ok(server.requests.length < 8, `${server.requests.length} requests`)
    })
  }

  for (const bad of [0, 1, 6, 11]) {
    test(`a bulk at which the server breaks goes without the one that broke it: ${bad}`, async () => {
      stumbles = { [bad]: 500 }
      const answers = await sendMany(backend(), posts(12))
      assert.deepEqual(ends(answers), count(12, 'sent').with(bad, 'http-500'))
      assert.ok(server.requests.length < 12, `${server.requests.length} requests`)
    })
  }
})

describe('when the server is out of order', () => {
  test('500: two messages by themselves tell that it is, and the others wait', async () => {
    server.next({ status: 500 }, { status: 500 }, { status: 500 })
    const answers = await sendMany(backend(), posts(6))
    assert.deepEqual(ends(answers), count(6, 'http-500'))
    assert.ok(answers.every((answer) => !(answer instanceof Permanent)))
    assert.deepEqual(paths(), ['bulk_messages', 'messages', 'messages'])
    assert.deepEqual(ends(await sendMany(backend(), posts(2))), ['sent', 'sent'])
  })

  for (const status of [401, 404, 408, 429, 502, 503, 504]) {
    test(`${status} holds for all, and is not asked again`, async () => {
      server.next({ status, headers: { 'retry-after': '7' } })
      const answers = await sendMany(backend(), posts(3))
      assert.deepEqual(ends(answers), count(3, `http-${status}`))
      assert.ok(answers.every((answer) => answer instanceof RetryAfter))
      assert.equal(server.requests.length, 1)
      const { exchange } = answers[0] as DeliveryError
      assert.equal((exchange?.request as { messages?: number } | undefined)?.messages, 3)
    })
  }

  test('no answer: all are perhaps delivered, and none is sent once more now', async () => {
    server.next('hang')
    const answers = await sendMany(backend({ bulkTimeoutMs: 200 }), posts(3))
    assert.deepEqual(ends(answers), count(3, 'postoffice-unconfirmed'))
    assert.equal(server.requests.length, 1)
    assert.equal(server.messages.length, 3)
  })

  test('a bulk request has five seconds by default, a single message half a second', async () => {
    server.next({ delayMs: 700 })
    assert.deepEqual(ends(await sendMany(backend(), posts(3))), count(3, 'sent'))
    server.next({ delayMs: 700 })
    assert.deepEqual(ends(await sendMany(backend(), posts(1))), ['postoffice-unconfirmed'])
  })

  test('the signal of all ends a bulk request', async () => {
    server.next('hang')
    const answers = await sendMany(backend(), posts(3), AbortSignal.timeout(50))
    assert.deepEqual(ends(answers), count(3, 'postoffice-unconfirmed'))
  })
})
