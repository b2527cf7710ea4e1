import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type PostofficeStandIn, startPostoffice } from '../support/postoffice.ts'

let server: PostofficeStandIn
before(async () => {
  server = await startPostoffice({ topics: { orders: 2, quiet: 0 }, maxBulkMessages: 3 })
})
after(() => server.stop())

const right = { topic: 'orders', payload: { a: 1 }, attributes: { b: '2' } }
const json = { 'content-type': 'application/json', accept: 'application/json' }

async function ask(
  body: unknown,
  path = '/api/messages/',
  over: RequestInit = {},
): Promise<[number, unknown]> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const init = { method: 'POST', headers: json, body: text, ...over }
  const response = await fetch(server.url + path, init)
  return [response.status, await response.json()]
}

describe('the stand-in of Postoffice answers as its source does', () => {
  const bulk = { ...right, payload: [{ a: 1 }, { a: 2 }] }

  test('ids of the jobs, one for each message and publisher, in reverse order', async () => {
    assert.deepEqual(await ask(right), [201, { id: [2, 1] }])
    assert.deepEqual(await ask(bulk, '/api/bulk_messages'), [201, { result: [6, 5, 4, 3] }])
    assert.deepEqual(
      server.messages.map(({ payload, ids, together }) => [payload, ids, together]),
      [
        [{ a: 1 }, [1, 2], 1],
        [{ a: 1 }, [3, 5], 2],
        [{ a: 2 }, [4, 6], 2],
      ],
    )
  })

  test('201 and nothing kept without a publisher', async () => {
    const before = server.messages.length
    assert.deepEqual(await ask({ ...right, topic: 'quiet' }), [201, { id: [] }])
    const [, empty] = await ask({ ...bulk, topic: 'quiet' }, '/api/bulk_messages/')
    assert.deepEqual(empty, { result: [] })
    assert.equal(server.messages.length, before)
  })

  test('unknown topics, and too many at once', async () => {
    const unknown = { data: { errors: { topic: ['is invalid'] } } }
    assert.deepEqual(await ask({ ...right, topic: 'x' }), [400, unknown])
    const inBulk = await ask({ ...bulk, topic: 'x' }, '/api/bulk_messages/')
    assert.deepEqual(inBulk, [406, { data: { errors: 'Topic does not exist' } }])
    const four = { ...right, payload: [{}, {}, {}, {}] }
    const exceeded = { data: { errors: 'Exceed max messages to ingest in bulk' } }
    assert.deepEqual(await ask(four, '/api/bulk_messages/'), [406, exceeded])
  })

  test('its health', async () => {
    const got = await fetch(`${server.url}/api/health/`)
    assert.deepEqual(await got.json(), { status: 'ok' })
  })
})

describe('a request that is wrong is refused', () => {
  const wrong: [what: string, status: number, ...request: Parameters<typeof ask>][] = [
    ['method', 404, right, '/api/messages/', { method: 'PUT' }],
    ['path', 404, right, '/api/message/'],
    ['path', 404, right, '/messages/'],
    ['content type', 415, right, '/api/messages/', { headers: { 'content-type': 'text/plain' } }],
    ['accept', 406, right, '/api/messages/', { headers: { ...json, accept: 'text/html' } }],
    ['not JSON', 400, '{"topic":'],
    ['too large', 413, `{"a":"${'x'.repeat(8_000_000)}"}`],
    ['not an object', 422, [right]],
    ['no attributes', 422, { topic: 'orders', payload: {} }],
    ['the old name of the payload', 422, { topic: 'orders', message: {}, attributes: {} }],
    ['a key that would change where it goes', 422, { ...right, target: 'http://x/' }],
    ['topic', 422, { ...right, topic: 1 }],
    ['payload is a list', 422, { ...right, payload: [{}] }],
    ['payload is a text', 422, { ...right, payload: '{}' }],
    ['payload has attributes', 422, { ...right, payload: { attributes: {} } }],
    ['attributes is a list', 422, { ...right, attributes: [] }],
    ['an attribute is a number', 422, { ...right, attributes: { a: 1 } }],
    ['bulk: payload is an object', 422, right, '/api/bulk_messages/'],
    ['bulk: one is no object', 422, { ...right, payload: [{}, 1] }, '/api/bulk_messages/'],
    ['bulk: none', 422, { ...right, payload: [] }, '/api/bulk_messages/'],
  ]
  for (const [what, status, ...request] of wrong) {
    test(`${what}: ${status}`, async () => {
      const before = server.messages.length
      assert.equal((await ask(...request))[0], status)
      assert.equal(server.messages.length, before)
    })
  }
})
