import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { webhookAddress } from '../../channels/webhook/address.ts'
import { type HttpOptions, http, type WebhookAddress } from '../../channels/webhook/index.ts'
import type { Outgoing } from '../../src/channel/backend.ts'
import { EnvoyerError, Permanent, RetryAfter } from '../../src/errors.ts'
import { createSigningSecret } from '../../src/secret/signing-secret.ts'
import { createOutgoing } from '../../src/testing/outgoing.ts'
import { failure } from '../support/failure.ts'
import { type Receiver, startReceiver } from '../support/http-receiver.ts'

type WebhookOutgoing = Outgoing<
  WebhookAddress,
  { body?: string },
  { headers?: Record<string, string> }
>

let receiver: Receiver
let closing: (() => Promise<void>)[] = []
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => {
  await receiver.stop()
  await Promise.all(closing.map((close) => close()))
  closing = []
})

function backend(options: HttpOptions = {}) {
  const made = http({ allow: ['127.0.0.1/32'], ...options })
  closing.push(() => made.close())
  return made
}

function outgoing(over: Partial<WebhookOutgoing> & { to?: object } = {}): WebhookOutgoing {
  const { to, ...rest } = over
  return createOutgoing({
    id: '01930000-0000-7000-8000-000000000001',
    channel: 'webhook',
    address: webhookAddress.parse({ url: `${receiver.url}/hook?a=1`, ...to }),
    message: {},
    context: { shippedAt: new Date(0) },
    input: { orderId: '1042', shippedAt: '1970-01-01T00:00:00Z' },
    createdAt: new Date('2026-11-20T10:00:00.123Z'),
    ...rest,
  })
}

describe('what arrives', () => {
  test('id, type, timestamp and the input of the event, as JSON', async () => {
    await backend().send(outgoing())
    const [request] = receiver.requests
    assert.equal(request?.method, 'POST')
    assert.equal(request?.path, '/hook?a=1')
    assert.equal(request?.headers['content-type'], 'application/json')
    assert.deepEqual(JSON.parse(String(request?.body)), {
      id: '01930000-0000-7000-8000-000000000001',
      type: 'order-shipped',
      timestamp: '2026-11-20T10:00:00.123Z',
      data: { orderId: '1042', shippedAt: '1970-01-01T00:00:00Z' },
    })
  })

  test('the delivery’s id in webhook-id on every attempt, signed or not', async () => {
    const made = backend()
    await made.send(outgoing({ attempt: 1 }))
    await made.send(outgoing({ attempt: 2 }))
    for (const { headers } of receiver.requests) {
      assert.equal(headers['webhook-id'], '01930000-0000-7000-8000-000000000001')
      assert.ok(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000) < 5)
      assert.equal(headers['webhook-signature'], undefined)
    }
  })

  test('a rendered body as it is, line breaks and all', async () => {
    const body = '{\n  "order": "größe"\n}\n'
    await backend().send(outgoing({ message: { body } }))
    assert.equal(String(receiver.requests[0]?.body), body)
  })

  test('XML and the like under their content type, unchecked', async () => {
    const made = backend({ contentType: 'application/xml; charset=utf-8' })
    await made.send(outgoing({ message: { body: '<order id="1"/>' } }))
    assert.equal(receiver.requests[0]?.headers['content-type'], 'application/xml; charset=utf-8')
    assert.equal(String(receiver.requests[0]?.body), '<order id="1"/>')
  })

  test('without a template it is JSON and says so, whatever the content type of templates', async () => {
    await backend({ contentType: 'application/xml' }).send(outgoing())
    assert.equal(receiver.requests[0]?.headers['content-type'], 'application/json')
  })

  test('PUT and PATCH like POST; GET and DELETE without a body, unless there is a template', async () => {
    for (const method of ['PUT', 'PATCH', 'GET', 'DELETE'] as const) {
      await backend({ method }).send(outgoing())
    }
    await backend({ method: 'DELETE' }).send(outgoing({ message: { body: '{"a":1}' } }))
    const seen = receiver.requests.map(({ method, body, path }) => [method, body.length > 0, path])
    assert.deepEqual(seen, [
      ['PUT', true, '/hook?a=1'],
      ['PATCH', true, '/hook?a=1'],
      ['GET', false, '/hook?a=1'],
      ['DELETE', false, '/hook?a=1'],
      ['DELETE', true, '/hook?a=1'],
    ])
    assert.equal(receiver.requests[2]?.headers['content-type'], undefined)
  })
})

describe('a body that is to be JSON and is not', () => {
  for (const contentType of [
    'application/json',
    'application/json; charset=utf-8',
    'application/ld+json',
  ]) {
    test(`as ${contentType}: not sent, and tried again, for the template can be mended`, async () => {
      const error = await failure(
        backend({ contentType }).send(outgoing({ message: { body: '{"a": }' } })),
      )
      assert.equal(error.code, 'body-invalid')
      assert.ok(!(error instanceof Permanent))
      assert.equal(receiver.requests.length, 0)
    })
  }
})

describe('signatures', () => {
  const verified = (index: number, key: string) => {
    const request = receiver.requests[index]
    const headers = request?.headers as Record<string, string>
    return new Webhook(key).verify(String(request?.body), headers, { jsonParse: false })
  }

  test('the reference library accepts them, over default, rendered and empty bodies', async () => {
    const secret = createSigningSecret()
    await backend({ secret }).send(outgoing())
    await backend({ secret }).send(outgoing({ message: { body: '{"ü": "€ 𝄞"}' } }))
    await backend({ secret, method: 'GET' }).send(outgoing())
    for (const index of [0, 1, 2]) verified(index, secret)
  })

  test('an address’s own secret signs instead of the backend’s', async () => {
    const [ours, theirs] = [createSigningSecret(), createSigningSecret()]
    await backend({ secret: ours }).send(outgoing({ to: { secret: theirs } }))
    verified(0, theirs)
    assert.throws(() => verified(0, ours))
  })

  test('during a rotation the old and the new secret fit', async () => {
    const [old, fresh] = [createSigningSecret(), createSigningSecret()]
    await backend().send(outgoing({ to: { secret: [fresh, old] } }))
    verified(0, old)
    verified(0, fresh)
  })
})

describe('headers', () => {
  test('of the backend, under those of the message, under those of the address', async () => {
    const made = backend({ headers: { 'X-Who': 'backend', 'X-B': 'b', 'User-Agent': 'Shop/1' } })
    await made.send(
      outgoing({
        options: { headers: { 'x-who': 'message', 'x-m': 'm' } },
        to: { headers: { 'X-Who': 'address', Authorization: 'Basic a:b:c==' } },
      }),
    )
    const { headers } = receiver.requests[0]!
    assert.equal(headers['x-who'], 'address')
    assert.equal(headers['x-b'], 'b')
    assert.equal(headers['x-m'], 'm')
    assert.equal(headers['user-agent'], 'Shop/1')
    assert.equal(headers.authorization, 'Basic a:b:c==')
  })

  test('a content type of the address decides how its body is checked', async () => {
    const to = { headers: { 'content-type': 'text/plain' } }
    await backend().send(outgoing({ to, message: { body: 'no JSON' } }))
    assert.equal(receiver.requests[0]?.headers['content-type'], 'text/plain')
  })
})

describe('what a status means', () => {
  const table: [status: number, kind: 'permanent' | 'temporary' | 'throttled'][] = [
    [300, 'temporary'],
    [301, 'temporary'],
    [302, 'temporary'],
    [304, 'temporary'],
    [308, 'temporary'],
    [400, 'permanent'],
    [401, 'permanent'],
    [404, 'permanent'],
    [408, 'temporary'],
    [410, 'permanent'],
    [418, 'permanent'],
    [425, 'temporary'],
    [429, 'throttled'],
    [500, 'temporary'],
    [501, 'temporary'],
    [502, 'throttled'],
    [503, 'temporary'],
    [504, 'throttled'],
    [599, 'temporary'],
  ]
  for (const [status, kind] of table) {
    test(`${status}: ${kind}`, async () => {
      receiver.respondWith(status)
      const error = await failure(backend().send(outgoing()))
      assert.equal(error.code, `http-${status}`)
      assert.equal(error instanceof Permanent, kind === 'permanent')
      assert.equal(error instanceof RetryAfter, kind === 'throttled')
    })
  }

  test('2xx: sent', async () => {
    for (const status of [200, 201, 202, 204, 206, 299]) {
      receiver.respondWith(status)
      assert.equal((await backend().send(outgoing())).status, status)
    }
  })

  test('a redirect is not followed, and the error names where it led', async () => {
    receiver.respondWith(307, { location: '/elsewhere' })
    const error = await failure(backend().send(outgoing()))
    assert.match(error.message, /redirect to \/elsewhere/)
    assert.equal(receiver.requests.length, 1)
  })

  test('Retry-After holds back the delivery alone', async () => {
    receiver.respondWith(503, { 'retry-after': '120' })
    const unavailable = await failure(backend().send(outgoing()))
    assert.ok(unavailable instanceof RetryAfter)
    assert.deepEqual([unavailable.delayMs, unavailable.scope], [120_000, 'delivery'])
    receiver.respondWith(429, { 'retry-after': '7' })
    const throttled = await failure(backend().send(outgoing()))
    assert.ok(throttled instanceof RetryAfter)
    assert.deepEqual([throttled.delayMs, throttled.scope], [7_000, 'delivery'])
  })

  test('Retry-After makes no permanent failure temporary', async () => {
    receiver.respondWith(404, { 'retry-after': '1' })
    assert.ok((await failure(backend().send(outgoing()))) instanceof Permanent)
  })
})

describe('what is kept', () => {
  test('of a success: status, some headers, the first 4 kB of the body', async () => {
    const body = `${'ü'.repeat(2047)}x€${'y'.repeat(5000)}`
    receiver.respondWith(200, { 'x-request-id': 'r1', 'set-cookie': 'session=secret' }, body)
    const receipt = await backend().send(outgoing())
    assert.equal(receipt.status, 200)
    assert.equal(receipt.body, `${'ü'.repeat(2047)}x`, 'cut between two characters')
    assert.equal(receipt.truncated, true)
    assert.equal((receipt.headers as Record<string, string>)['x-request-id'], 'r1')
    assert.doesNotMatch(JSON.stringify(receipt), /session/)
  })

  test('an answer with bytes that a database refuses', async () => {
    receiver.respondWith(200, {}, 'a\u0000b')
    assert.equal((await backend().send(outgoing())).body, 'a\ufffdb')
  })

  test('of a failure: request and response, secrets masked', async () => {
    const secret = createSigningSecret()
    receiver.respondWith(500, { 'content-type': 'text/plain' }, 'out of order')
    const sent = backend({ secret, headers: { 'x-api-key': 'hunter2' } }).send(
      outgoing({ to: { headers: { authorization: 'Bearer hunter3' } } }),
    )
    const { exchange } = await failure(sent)
    const request = exchange?.request as { url: string; headers: Record<string, string> }
    assert.equal(request.url, `${receiver.url}/hook?a=1`)
    assert.equal(request.headers['webhook-id'], '01930000-0000-7000-8000-000000000001')
    for (const name of ['authorization', 'x-api-key', 'webhook-signature']) {
      assert.equal(request.headers[name], '***', name)
    }
    assert.doesNotMatch(JSON.stringify(exchange), /hunter|v1,/)
    const response = exchange?.response as { status: number; body: string }
    assert.deepEqual([response.status, response.body], [500, 'out of order'])
  })

  test('no header of ours comes back, however it is repeated', async () => {
    const authorization = 'Bearer   acme-co-9f8d7s6/ab+c=='
    const headers = { 'x-tenant': 'acme-co', authorization }
    const says = [
      authorization,
      'token acme-co-9f8d7s6/ab+c==',
      JSON.stringify({ authorization }).replaceAll('/', '\\/'),
      `?auth=${encodeURIComponent('acme-co-9f8d7s6/ab+c==')}`,
    ]
    for (const said of says) {
      const location = `https://other.example/?auth=${said}`
      receiver.respondWith(302, { location }, said)
      const error = await failure(backend().send(outgoing({ to: { headers } })))
      assert.match(error.message, /a redirect to https:.*\*\*\*/)
      assert.doesNotMatch(`${error.message} ${JSON.stringify(error.exchange)}`, /9f8d|ab(\+|%2B)c/)
    }
  })

  test('of a connection that failed: the request', async () => {
    receiver.next('cut')
    const error = await failure(backend().send(outgoing()))
    assert.equal(error.code, 'ECONNRESET')
    assert.deepEqual(Object.keys(error.exchange ?? {}), ['request'])
  })
})

describe('limits', () => {
  test('private networks are refused for good, and nothing is sent', async () => {
    const error = await failure(backend({ allow: [] }).send(outgoing()))
    assert.ok(error instanceof Permanent)
    assert.equal(error.code, 'url-refused')
    assert.equal(receiver.connections, 0)
  })

  test('checkUrl refuses the same URLs when an endpoint is registered', async () => {
    await assert.rejects(backend({ allow: [] }).checkUrl(receiver.url), { code: 'url-refused' })
    await backend().checkUrl(receiver.url)
  })

  test('an answer that hangs or drips is given up, and tried again', async () => {
    const made = backend({ timeouts: { totalMs: 100 } })
    for (const answer of ['hang', { dripMs: 10 }] as const) {
      receiver.next(answer)
      const error = await failure(made.send(outgoing()))
      assert.equal(error.code, 'timeout-total')
      assert.ok(!(error instanceof Permanent))
    }
  })

  test('a huge answer is a success, of which the beginning is kept', async () => {
    receiver.next({ bytes: 20_000_000 })
    const receipt = await backend().send(outgoing())
    assert.deepEqual([receipt.status, receipt.truncated], [200, true])
    assert.equal(String(receipt.body).length, 4096)
  })

  test('the attempt’s signal ends it', async () => {
    receiver.next('hang')
    const error = await failure(backend().send(outgoing({ signal: AbortSignal.timeout(50) })))
    assert.equal(error.code, 'aborted')
  })
})

test('a wrong configuration is refused when the backend is made, without showing secrets', () => {
  const wrong: HttpOptions[] = [
    { secret: 'whsec_hunter2' },
    { secret: [] },
    { secret: undefined as unknown as string }, // an environment variable that is not set
    { headers: { 'webhook-signature': 'x' } },
    { headers: { 'x-a': 'b\r\nx-evil: 1' } },
    { contentType: 'text/plain\r\nx-evil: 1' },
    { allow: ['10.0.0.0/99'] },
  ]
  for (const options of wrong) {
    assert.throws(
      () => http(options),
      (error) =>
        error instanceof EnvoyerError &&
        error.code === 'configuration-invalid' &&
        !error.message.includes('hunter2'),
      JSON.stringify(options),
    )
  }
})
