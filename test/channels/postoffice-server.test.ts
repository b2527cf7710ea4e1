import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import {
  type Post,
  type PostofficeServerOptions,
  postofficeServer,
} from '../../channels/postoffice/index.ts'
import { Permanent, RetryAfter } from '../../src/errors.ts'
import { createOutgoing } from '../../src/testing/outgoing.ts'
import { failure } from '../support/failure.ts'
import { type PostofficeStandIn, startPostoffice } from '../support/postoffice.ts'

let server: PostofficeStandIn
let closing: (() => Promise<void> | undefined)[] = []
beforeEach(async () => {
  server = await startPostoffice({ topics: { orders: 1, mail: 2, quiet: 0 } })
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

const post = (over: Partial<Post> = {}): Post =>
  createOutgoing({ address: 'orders', message: {}, input: { orderId: '1042' }, ...over })

describe('what arrives', () => {
  test('topic, the context as payload, and attributes even where there are none', async () => {
    const receipt = await backend().send(post({ context: { orderId: 1042n } }))
    const [request] = server.requests
    assert.equal(request?.method, 'POST')
    assert.equal(request?.path, '/api/messages/')
    assert.equal(request?.headers['content-type'], 'application/json')
    assert.deepEqual(JSON.parse(String(request?.body)), {
      topic: 'orders',
      payload: { orderId: '1042' },
      attributes: {},
    })
    assert.deepEqual(receipt, { id: '1', ids: [1] })
  })

  test('with two publishers two jobs, whose ids the receipt holds', async () => {
    assert.deepEqual(await backend().send(post({ address: 'mail' })), { id: '2', ids: [2, 1] })
  })

  test('rendered parts: the payload as it is written, attributes over those of the options', async () => {
    const payload = '\n{ "größe": "🚚 \\"x\\"", "id": 12345678901234567890, "price": 1.50 }\n'
    const attributes = '{ "source": "template", "test": false, "n": 7 }'
    const options = { attributes: { source: 'event', tenant: 'shop' } }
    await backend().send(post({ message: { payload, attributes }, options }))
    const body = String(server.requests[0]?.body)
    assert.ok(body.includes(`"payload":${payload.trim()},`), body)
    assert.deepEqual(server.messages[0]?.attributes, {
      source: 'template',
      tenant: 'shop',
      test: 'false',
      n: '7',
    })
  })

  test('attributes that render to nothing are none', async () => {
    await backend().send(post({ message: { attributes: ' \n' } }))
    assert.deepEqual(server.messages[0]?.attributes, {})
  })

  test('the delivery’s id on every try, over an attribute of the same name', async () => {
    const made = backend({ idAttribute: 'delivery' })
    const outgoing = post({ message: { attributes: '{"delivery":"x","a":"b"}' } })
    await made.send(outgoing)
    await made.send({ ...outgoing, attempt: 2 })
    const wanted = { delivery: outgoing.id, a: 'b' }
    assert.deepEqual(
      server.messages.map(({ attributes }) => attributes),
      [wanted, wanted],
    )
  })

  test('headers of the backend, for a proxy; a path before the API', async () => {
    const made = backend({
      url: `${server.url}/behind/`,
      headers: { Authorization: 'Bearer a:b=' },
    })
    await failure(made.send(post()))
    assert.equal(server.requests[0]?.headers.authorization, 'Bearer a:b=')
    assert.equal(server.requests[0]?.path, '/behind/api/messages/')
  })
})

describe('what the server would take and then fail at is not sent, and tried again', () => {
  const wrong: [what: string, message: Post['message'], code: string, text: RegExp][] = [
    ['no JSON', { payload: '{"a": }' }, 'payload-invalid', /payload is not JSON: /],
    ['nothing', { payload: '' }, 'payload-invalid', /payload is not JSON: /],
    ['a list', { payload: '[{}]' }, 'payload-invalid', /must be a JSON object, not a list/],
    ['a text', { payload: '"a"' }, 'payload-invalid', /must be a JSON object, not a string/],
    ['null', { payload: 'null' }, 'payload-invalid', /must be a JSON object, not null/],
    ['NUL', { payload: '{"a":{"b":"\\u0000"}}' }, 'payload-invalid', /`a.b` holds a NUL/],
    ['no number', { payload: '{"a":1e999}' }, 'payload-invalid', /`a` is Infinity/],
    [
      'the key attributes',
      { payload: '{"\\u0061ttributes":{}}' },
      'payload-invalid',
      /the key `attributes`, which Postoffice overwrites .*: rename it in the template/,
    ],
    ['attributes: no JSON', { attributes: 'a=b' }, 'attributes-invalid', /attributes is not JSON/],
    ['attributes: a list', { attributes: '[]' }, 'attributes-invalid', /must be an object/],
    [
      'attributes: null and an object',
      { attributes: '{"a":null,"b":{}}' },
      'attributes-invalid',
      /"a" must be a string, .*"b" must be/,
    ],
    [
      'attributes: a number that JSON changes',
      { attributes: '{"a":12345678901234567890}' },
      'attributes-invalid',
      /"a" is too large to be exact; write it as a string/,
    ],
  ]
  for (const [what, message, code, text] of wrong) {
    test(what, async () => {
      const error = await failure(backend().send(post({ message })))
      assert.equal(error.code, code)
      assert.match(error.message, text)
      assert.ok(!(error instanceof Permanent) && !(error instanceof RetryAfter))
      assert.equal(server.requests.length, 0)
    })
  }

  test('a context with the key attributes: a template can name it otherwise', async () => {
    const outgoing = post({ channel: 'bus', input: { attributes: ['blue'] } })
    const error = await failure(backend().send(outgoing))
    assert.equal(error.code, 'payload-invalid')
    assert.match(error.message, /write a template bus\.payload\.liquid that names it otherwise/)
    assert.ok(!(error instanceof Permanent))
    await backend().send({ ...outgoing, message: { payload: '{"colours":["blue"]}' } })
    assert.deepEqual(server.messages[0]?.payload, { colours: ['blue'] })
  })
})

describe('a topic without a publisher', () => {
  test('by default the message is tried again, and goes once there is one', async () => {
    const made = backend()
    const error = await failure(made.send(post({ address: 'quiet' })))
    assert.equal(error.code, 'postoffice-no-publisher')
    server.setPublishers('quiet', 1)
    assert.deepEqual(await made.send(post({ address: 'quiet' })), { id: '1', ids: [1] })
  })

  test('accepted where it is said so', async () => {
    const made = backend({ withoutPublisher: 'accept' })
    assert.deepEqual(await made.send(post({ address: 'quiet' })), { ids: [] })
  })
})

describe('verify', () => {
  test('passes where the server is well, and posts nothing', async () => {
    await backend().verify?.()
    assert.deepEqual(
      server.requests.map(({ method, path }) => `${method} ${path}`),
      ['GET /api/health/'],
    )
  })

  test('fails where it is not, though the status is 200; and where it is not Postoffice', async () => {
    server.next(
      { status: 200, body: '{"status":"ko"}' },
      { status: 200, body: '<html>' },
      { status: 200, body: 'null' },
      { status: 404 },
      'hang',
    )
    const codes = []
    for (let n = 0; n < 5; n += 1) codes.push((await failure(backend().verify!())).code)
    assert.deepEqual(codes, [
      ...['postoffice-unhealthy', 'postoffice-unhealthy', 'postoffice-unhealthy'],
      ...['http-404', 'timeout-total'],
    ])
  })
})

test('after close nothing goes out', async () => {
  const made = backend()
  await made.send(post())
  await made.close?.()
  await made.close?.()
  assert.equal((await failure(made.send(post()))).code, 'closed')
  assert.equal(server.requests.length, 1)
})
