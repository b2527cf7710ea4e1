import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type EnvoyerError, Permanent } from '../../src/errors.ts'
import { createHttpClient, type HttpClientOptions } from '../../src/guard/client.ts'
import { startReceiver } from '../support/http-receiver.ts'

async function setUp(options: HttpClientOptions = {}) {
  const receiver = await startReceiver()
  const client = createHttpClient({ allow: ['127.0.0.1/32'], ...options })
  const send = (over: { path?: string; body?: string; signal?: AbortSignal; url?: string } = {}) =>
    client.request({
      method: 'POST',
      url: over.url ?? `${receiver.url}${over.path ?? '/'}`,
      body: over.body ?? 'x',
      ...(over.signal !== undefined && { signal: over.signal }),
    })
  const tearDown = async () => {
    await receiver.stop()
    await client.close()
  }
  return { receiver, client, send, [Symbol.asyncDispose]: tearDown }
}

const isRefused = (error: unknown) => error instanceof Permanent && error.code === 'url-refused'

describe('what is never connected to', () => {
  test('the loopback by any name or number, without a byte sent', async () => {
    await using guarded = await setUp({ allow: [] })
    const { port } = guarded.receiver
    for (const host of ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '127.1', '0', '[::1]']) {
      await assert.rejects(guarded.send({ url: `http://${host}:${port}/` }), isRefused, host)
    }
    await assert.rejects(guarded.send({ url: `http://[::ffff:7f00:1]:${port}/` }), isRefused)
    assert.equal(guarded.receiver.connections, 0)
  })

  test('a host that was public when it was registered and is private when it is sent to', async () => {
    const answers = [['93.184.215.14'], ['127.0.0.1']]
    await using guarded = await setUp({ allow: [], lookup: async () => answers.shift() ?? [] })
    const url = `http://rebinding.example:${guarded.receiver.port}/`
    await guarded.client.checkUrl(url)
    await assert.rejects(guarded.send({ url }), isRefused)
    assert.equal(guarded.receiver.connections, 0)
  })

  test('a host with one good and one bad answer', async () => {
    await using guarded = await setUp({ lookup: async () => ['127.0.0.1', '127.0.0.2'] })
    const url = `http://mixed.example:${guarded.receiver.port}/`
    await assert.rejects(guarded.send({ url }), isRefused)
    assert.equal(guarded.receiver.connections, 0)
  })
})

test('a connection that ends up elsewhere than checked is refused before a byte is sent', async () => {
  // 0.0.0.0 as a destination means this machine: the system answers from 127.0.0.1.
  await using guarded = await setUp({ allow: ['0.0.0.0/32'] })
  await assert.rejects(guarded.send({ url: `http://0.0.0.0:${guarded.receiver.port}/` }), isRefused)
  assert.equal(guarded.receiver.requests.length, 0)
})

test('a connection goes to the address that was checked: the host is looked up once for it', async () => {
  const answers = ['127.0.0.1', '10.0.0.1']
  let lookups = 0
  await using guarded = await setUp({
    connections: 1,
    lookup: async () => [answers[lookups++] ?? 'none'],
  })
  const url = `http://twice.example:${guarded.receiver.port}/`
  assert.equal((await guarded.send({ url })).status, 204)
  assert.equal((await guarded.send({ url })).status, 204, 'over the same connection')
  assert.equal(lookups, 1)

  guarded.receiver.next('cut')
  await assert.rejects(guarded.send({ url }), { code: 'ECONNRESET' })
  await assert.rejects(guarded.send({ url }), isRefused, 'a new connection is checked anew')
})

test('of several checked addresses the next is tried where one does not answer', async () => {
  const lookup = async () => ['::1', '127.0.0.1']
  await using guarded = await setUp({ allow: ['127.0.0.1', '::1'], lookup })
  const url = `http://both.example:${guarded.receiver.port}/`
  assert.equal((await guarded.send({ url })).status, 204)
})

test('localhost is reached where the loopback is allowed', async () => {
  await using guarded = await setUp()
  const url = `http://localhost:${guarded.receiver.port}/`
  assert.equal((await guarded.send({ url })).status, 204)
  assert.equal(guarded.receiver.requests[0]?.headers.host, `localhost:${guarded.receiver.port}`)
})

test('method, path, headers and body arrive as they were given; the answer comes back', async () => {
  await using guarded = await setUp()
  guarded.receiver.respondWith(418, { 'X-Thing': 'a:b:c' }, 'tea')
  const response = await guarded.client.request({
    method: 'PUT',
    url: `${guarded.receiver.url}/a%20b?c=d#e`,
    headers: { 'x-token': 'k:v' },
    body: 'größe',
  })
  const [request] = guarded.receiver.requests
  assert.equal(request?.method, 'PUT')
  assert.equal(request?.path, '/a%20b?c=d')
  assert.equal(request?.headers['x-token'], 'k:v')
  assert.equal(request?.headers['accept-encoding'], 'identity')
  assert.equal(request?.body.toString(), 'größe')
  assert.equal(response.status, 418)
  assert.equal(response.headers['x-thing'], 'a:b:c')
  assert.equal(response.body.toString(), 'tea')
  assert.equal(response.truncated, false)
})

test('a redirect is an answer, and is not followed', async () => {
  await using guarded = await setUp()
  guarded.receiver.respondWith(302, { location: '/elsewhere' })
  assert.equal((await guarded.send()).status, 302)
  assert.equal(guarded.receiver.requests.length, 1)
})

test('connections are kept, and no more are opened than allowed', async () => {
  await using guarded = await setUp({ connections: 3 })
  await Promise.all(Array.from({ length: 30 }, () => guarded.send()))
  assert.equal(guarded.receiver.requests.length, 30)
  assert.equal(guarded.receiver.connections, 3)
})

describe('an answer that is too long', () => {
  test('is cut at the limit and its connection closed', async () => {
    await using guarded = await setUp({ connections: 1 })
    guarded.receiver.next({ bytes: 50_000_000 })
    const response = await guarded.send()
    assert.equal(response.status, 200)
    assert.equal(response.truncated, true)
    assert.equal(response.body.length, 262_144)
    assert.equal((await guarded.send()).status, 204)
    assert.equal(guarded.receiver.connections, 2)
  })

  test('of exactly the limit is whole', async () => {
    await using guarded = await setUp()
    guarded.receiver.next({ bytes: 262_144 })
    const response = await guarded.send()
    assert.equal(response.truncated, false)
    assert.equal(response.body.length, 262_144)
  })
})

describe('the total time-out', () => {
  const timeouts = { totalMs: 150 }

  test('ends a request that is never answered', async () => {
    await using guarded = await setUp({ timeouts })
    guarded.receiver.next('hang')
    await assert.rejects(guarded.send(), { name: 'DeliveryError', code: 'timeout-total' })
  })

  test('ends an answer that drips', async () => {
    await using guarded = await setUp({ timeouts })
    guarded.receiver.next({ dripMs: 20 })
    const started = performance.now()
    await assert.rejects(guarded.send(), { code: 'timeout-total' })
    assert.ok(performance.now() - started < 1000)
  })

  test('ends the wait for a connection, and what waited is not sent later', async () => {
    await using guarded = await setUp({ timeouts, connections: 1 })
    guarded.receiver.next('hang')
    const first = guarded.send({ path: '/first' })
    const second = guarded.send({ path: '/second' })
    await assert.rejects(first, { code: 'timeout-total' })
    await assert.rejects(second, { code: 'timeout-total' })
    assert.equal((await guarded.send({ path: '/third' })).status, 204)
    assert.deepEqual(
      guarded.receiver.requests.map(({ path }) => path),
      ['/first', '/third'],
    )
  })
})

describe('a signal', () => {
  test('stops a request under way', async () => {
    await using guarded = await setUp()
    guarded.receiver.next('hang')
    const controller = new AbortController()
    const sent = guarded.send({ signal: controller.signal })
    setTimeout(() => controller.abort(new Error('time is up')), 50)
    await assert.rejects(sent, { name: 'DeliveryError', code: 'aborted' })
  })

  test('that is aborted already keeps it from being sent', async () => {
    await using guarded = await setUp()
    await assert.rejects(guarded.send({ signal: AbortSignal.abort() }), { code: 'aborted' })
    assert.equal(guarded.receiver.connections, 0)
  })
})

describe('errors of the connection keep their code', () => {
  test('nobody listens: ECONNREFUSED for every request, those that wait too', async () => {
    await using guarded = await setUp({ connections: 2 })
    const { url } = guarded.receiver
    await guarded.receiver.stop()
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => guarded.send({ url })),
    )
    const codes = results.map((each) => each.status === 'rejected' && each.reason.code)
    assert.deepEqual(new Set(codes), new Set(['ECONNREFUSED']))
  })

  test('closed instead of answered: ECONNRESET', async () => {
    await using guarded = await setUp()
    guarded.receiver.next('cut')
    await assert.rejects(guarded.send(), { name: 'DeliveryError', code: 'ECONNRESET' })
  })
})

test('limits that no timer of Node.js can hold, and half a connection, are refused all at once', () => {
  const timeouts = { dnsMs: 0, connectMs: Number.POSITIVE_INFINITY, totalMs: 2 ** 31 }
  assert.throws(
    () => createHttpClient({ timeouts, connections: 0.5 }),
    (error: EnvoyerError) => {
      assert.equal(error.code, 'configuration-invalid')
      const named = error.problems.map((problem) => /`([\w.]+)`/.exec(problem)?.[1])
      assert.deepEqual(named, [
        ...['timeouts.dnsMs', 'timeouts.connectMs', 'timeouts.totalMs', 'connections'],
      ])
      return true
    },
  )
})

test('close ends the connections that are kept', async () => {
  await using guarded = await setUp()
  await guarded.send()
  await guarded.client.close()
  await assert.rejects(guarded.send(), { name: 'DeliveryError', code: 'closed' })
})
