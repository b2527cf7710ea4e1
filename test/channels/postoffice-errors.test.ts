import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import {
  type Post,
  type PostofficeServerOptions,
  postofficeServer,
} from '../../channels/postoffice/index.ts'
import { postofficeRules } from '../../channels/postoffice/rules.ts'
import { type DeliveryError, Permanent, RetryAfter } from '../../src/errors.ts'
import { createOutgoing } from '../../src/testing/outgoing.ts'
import { failure } from '../support/failure.ts'
import {
  type PostofficeAnswer,
  type PostofficeStandIn,
  startPostoffice,
} from '../support/postoffice.ts'

let server: PostofficeStandIn
before(async () => {
  server = await startPostoffice({ topics: { orders: 1, quiet: 0 } })
})
after(() => server.stop())

const post = (over: Partial<Post> = {}): Post =>
  createOutgoing({ address: 'orders', message: {}, input: { orderId: '1042' }, ...over })

async function sending(options: Partial<PostofficeServerOptions>, outgoing = post()) {
  const backend = postofficeServer({ url: server.url, ...options })
  try {
    return await failure(backend.send(outgoing))
  } finally {
    await backend.close?.()
  }
}

const kindOf = (error: DeliveryError) =>
  error instanceof RetryAfter
    ? `${error.code}, RetryAfter ${error.delayMs / 1000} s ${error.scope}`
    : `${error.code}, ${error instanceof Permanent ? 'Permanent' : 'temporary'}`

/** By the words of the rule: what the server does, and what becomes of the message. */
const table: Record<string, readonly (readonly [PostofficeAnswer, string])[]> = {
  'The topic does not exist (400 "is invalid", in bulk 406 "Topic does not exist")': [
    [
      { status: 400, body: '{"data":{"errors":{"topic":["is invalid"]}}}' },
      'postoffice-unknown-topic, temporary',
    ],
  ],
  'Answer 201 with an empty list of ids: the topic has no publisher': [
    [{ status: 201, body: '{"id":[]}' }, 'postoffice-no-publisher, temporary'],
  ],
  'Answer 401, 403, 407': [
    [{ status: 401 }, 'http-401, RetryAfter 300 s backend'],
    [{ status: 403 }, 'http-403, RetryAfter 300 s backend'],
    [{ status: 407, headers: { 'retry-after': '600' } }, 'http-407, RetryAfter 600 s backend'],
  ],
  'Answer 404, 405': [
    [{ status: 404 }, 'http-404, RetryAfter 300 s backend'],
    [{ status: 405 }, 'http-405, RetryAfter 300 s backend'],
  ],
  'Answer 429': [
    [{ status: 429 }, 'http-429, RetryAfter 30 s backend'],
    [{ status: 429, headers: { 'retry-after': '7' } }, 'http-429, RetryAfter 7 s backend'],
  ],
  'Answer 408, 409, 425': [
    [{ status: 408 }, 'http-408, temporary'],
    [{ status: 409 }, 'http-409, temporary'],
    [{ status: 425 }, 'http-425, temporary'],
  ],
  'Any other answer 4xx': [
    [{ status: 400, body: '{"data":{"errors":{"name":["is invalid"]}}}' }, 'http-400, Permanent'],
    [{ status: 400 }, 'http-400, Permanent'],
    [{ status: 406 }, 'http-406, Permanent'],
    [{ status: 413 }, 'http-413, Permanent'],
    [{ status: 422, headers: { 'retry-after': '7' } }, 'http-422, Permanent'],
  ],
  'Answer 502, 504': [
    [{ status: 502 }, 'http-502, temporary'],
    [{ status: 504 }, 'http-504, temporary'],
  ],
  'Any other answer 5xx': [
    [{ status: 500 }, 'http-500, temporary'],
    [{ status: 503 }, 'http-503, temporary'],
    [{ status: 503, headers: { 'retry-after': '60' } }, 'http-503, RetryAfter 60 s backend'],
  ],
  'Any other answer but 2xx': [
    [{ status: 302, headers: { location: '/login' } }, 'http-302, temporary'],
  ],
  'No answer after the request may have been sent (connection cut, time up, worker stopping), or a 2xx without a list of ids':
    [
      ['hang', 'postoffice-unconfirmed, temporary'],
      ['cut', 'postoffice-unconfirmed, temporary'],
      [{ delayMs: 1500 }, 'postoffice-unconfirmed, temporary'],
      [{ status: 200, body: '<html>' }, 'postoffice-unconfirmed, temporary'],
      [{ status: 201, body: '{"id":["x"]}' }, 'postoffice-unconfirmed, temporary'],
      [{ status: 204 }, 'postoffice-unconfirmed, temporary'],
    ],
}

describe('what an answer means', () => {
  for (const [when, rows] of Object.entries(table)) {
    for (const [answer, expected] of rows) {
      test(`${JSON.stringify(answer)}: ${expected}`, async () => {
        server.next(answer)
        const error = await sending({})
        assert.equal(kindOf(error), expected)
        const doubtful = /unconfirmed|http-50[24]/.test(expected)
        assert.equal(/may have been taken/.test(error.message), doubtful, error.message)
        const outcome = postofficeRules.find((rule) => rule.when === when)?.outcome
        const waits = / s backend/.test(expected)
        if (outcome === 'permanent') assert.ok(error instanceof Permanent)
        else if (outcome === 'temporary') assert.equal(waits, 'headers' in Object(answer) && waits)
        else assert.ok(waits, `${outcome} is ${expected}`)
      })
    }
  }

  test('of the server itself: no such topic, no publisher', async () => {
    const unknown = await sending({}, post({ address: 'order' }))
    assert.equal(kindOf(unknown), 'postoffice-unknown-topic, temporary')
    const quiet = await sending({}, post({ address: 'quiet' }))
    assert.equal(kindOf(quiet), 'postoffice-no-publisher, temporary')
    assert.equal(quiet.message, 'The topic has no publisher: Postoffice has stored nothing.')
  })

  test('a 2xx of something else: the text says what was expected', async () => {
    server.next({ status: 200, body: 'OK' })
    const { message } = await sending({})
    assert.equal(
      message,
      'Postoffice answered 200, not with 201 and a list of ids, {"id":[…]}: OK (the message may have been taken)',
    )
  })

  test('a message over the server’s 8 MB is refused for good', async () => {
    const error = await sending({ timeoutMs: 5000 }, post({ input: { a: 'x'.repeat(8_000_000) } }))
    assert.equal(kindOf(error), 'http-413, Permanent')
  })
})

describe('connecting', () => {
  test('nothing listens: temporary, and surely not delivered', async () => {
    const gone = await startPostoffice()
    await gone.stop()
    const error = await sending({ url: gone.url })
    assert.equal(kindOf(error), 'ECONNREFUSED, temporary')
    assert.doesNotMatch(error.message, /may have been taken/)
  })

  test('a connection that does not come about in time is no doubtful one', async () => {
    // It takes connections and never says a word, so that TLS is not agreed on.
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    const error = await sending({ url: `https://127.0.0.1:${port}`, timeoutMs: 300 })
    silent.close()
    assert.equal(kindOf(error), 'timeout-connect, temporary')
  })

  test('no such host', async () => {
    const error = await sending({ url: 'http://postoffice.invalid', timeoutMs: 10_000 })
    assert.match(kindOf(error), /^(?:ENOTFOUND|EAI_AGAIN|timeout-dns), temporary$/)
  })

  test('something that is not the server answers: plain HTTP where TLS is to be', async () => {
    const error = await sending({ url: server.url.replace('http:', 'https:') })
    assert.match(kindOf(error), /^ERR_SSL_\w+, RetryAfter 300 s backend$/)
  })

  test('the attempt’s signal ends it: unconfirmed once it was on its way, else not', async () => {
    server.next('hang')
    const late = await sending({ timeoutMs: 5000 }, post({ signal: AbortSignal.timeout(50) }))
    assert.equal(kindOf(late), 'postoffice-unconfirmed, temporary')
    const requests = server.requests.length
    const early = await sending({}, post({ signal: AbortSignal.abort() }))
    assert.equal(kindOf(early), 'aborted, temporary')
    assert.equal(server.requests.length, requests)
  })

  test('half a second by default for the answer', async () => {
    server.next('hang')
    const started = performance.now()
    await sending({})
    const took = performance.now() - started
    assert.ok(took > 450 && took < 1500, `${took} ms`)
  })
})

describe('what is kept with a failed try', () => {
  test('request and answer, without the message and without our headers', async () => {
    server.next({ status: 422, body: 'no: "Bearer hunter2-token" \u0000', headers: {} })
    const headers = { Authorization: 'Bearer hunter2-token' }
    const error = await sending({ headers })
    assert.deepEqual(error.exchange, {
      request: {
        method: 'POST',
        url: `${server.url}/api/messages/`,
        topic: 'orders',
        messages: 1,
        bytes: 63,
      },
      response: { status: 422, body: 'no: "***" \ufffd' },
    })
    assert.doesNotMatch(error.message, /hunter2/)
  })

  test('one word of a header is masked too, and Retry-After is kept', async () => {
    server.next({ status: 503, headers: { 'retry-after': '7' }, body: 'for hunter2-token' })
    const error = await sending({ headers: { authorization: 'Bearer hunter2-token' } })
    assert.deepEqual(error.exchange?.response, { status: 503, retryAfter: '7', body: 'for ***' })
  })
})

test('every rule has its cases above', () => {
  // These two need a connection that fails: see "connecting".
  const connection = postofficeRules.filter(({ when }) => /^(?:Certificate|Not conn)/.test(when))
  assert.equal(connection.length, 2)
  assert.deepEqual(
    new Set([...Object.keys(table), ...connection.map(({ when }) => when)]),
    new Set(postofficeRules.map(({ when }) => when)),
  )
})

test("the channel's page shows the same table", async () => {
  const url = new URL('../../docs/guides/channels/postoffice.md', import.meta.url)
  const page = await readFile(url, 'utf8')
  const lines = postofficeRules.map(
    ({ when, code, outcome, meaning }) => `| ${when} | \`${code}\` | ${outcome} | ${meaning} |`,
  )
  assert.ok(page.includes(lines.join('\n')), `expected in postoffice.md:\n${lines.join('\n')}`)
})
