import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { webhookAddress } from '../../channels/webhook/address.ts'
import { parseHeaders } from '../../channels/webhook/headers.ts'
import { webhook } from '../../channels/webhook/index.ts'
import { createHttpClient } from '../../src/guard/client.ts'
import { retryAfterMs } from '../../src/guard/retry-after.ts'
import { startReceiver } from '../support/http-receiver.ts'

const { parse, key } = webhookAddress

describe('an address', () => {
  test('is a URL, or an object with secret and headers', () => {
    assert.deepEqual(parse('HTTPS://Example.com:443/Hook#x'), { url: 'https://example.com/Hook' })
    assert.deepEqual(parse(new URL('https://example.com')), { url: 'https://example.com/' })
    assert.deepEqual(
      parse({ url: 'https://example.com', secret: 'raw', headers: { 'X-Token': ' a:b:c ' } }),
      { url: 'https://example.com/', secret: 'raw', headers: { 'x-token': 'a:b:c' } },
    )
    assert.deepEqual(parse({ url: 'https://example.com', secret: null, headers: undefined }), {
      url: 'https://example.com/',
    })
  })

  test('parsed twice is the same', () => {
    const once = parse({
      url: 'https://bücher.example/?q',
      secret: ['a', 'b'],
      headers: { A: '1' },
    })
    assert.deepEqual(parse(JSON.parse(JSON.stringify(once))), once)
  })

  test('is known by its URL alone: no secret is in its key', () => {
    const address = parse({ url: 'http://example.com:80', secret: 's', headers: { a: 'b' } })
    assert.equal(key(address), key(parse('http://EXAMPLE.com/')))
    assert.equal(key(address), 'http://example.com/')
  })

  test('that is none is refused with a sentence', () => {
    for (const wrong of [
      'example.com',
      'ftp://example.com',
      'https://user:pw@example.com',
      { secret: 'x' },
      { url: 'https://example.com', secrets: 'misspelt' },
      { url: 'https://example.com', secret: '' },
      { url: 'https://example.com', secret: 5 },
      { url: 'https://example.com', headers: ['a: b'] },
      { url: 'https://example.com', headers: { a: 1 } },
      null,
      42,
    ]) {
      assert.throws(() => parse(wrong), /\.$/, JSON.stringify(wrong))
    }
  })
})

describe('custom headers', () => {
  test('cannot replace the signature or what belongs to the connection', () => {
    for (const name of [
      'Webhook-Id',
      'webhook-timestamp',
      'WEBHOOK-SIGNATURE',
      'Host',
      'Content-Length',
      'Transfer-Encoding',
      'Connection',
      'Keep-Alive',
      'TE',
      'Trailer',
      'Upgrade',
      'Expect',
      'Proxy-Authorization',
    ]) {
      assert.throws(() => parseHeaders({ [name]: 'x' }), /cannot be set/, name)
    }
  })

  test('are refused twice under one name, too long, or with a name that is none', () => {
    assert.throws(() => parseHeaders({ 'X-A': '1', 'x-a': '2' }), /given twice/)
    assert.throws(() => parseHeaders({ 'x-a': 'x'.repeat(9000) }), /longer than/)
    for (const name of ['', 'a b', 'a:b', 'a\r\nb', 'ä']) {
      assert.throws(() => parseHeaders({ [name]: 'x' }), /not a header name/)
    }
  })

  test('what is accepted arrives as one header with the same value; nothing else is', async () => {
    await using receiver = await startReceiver()
    const client = createHttpClient({ allow: ['127.0.0.1'] })
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a\r\nx-evil: 1', 'a\nb', 'a\rb', 'a\u0000b', 'a\u0085b', 'a\u2028b'),
    )
    await fc.assert(
      fc.asyncProperty(value, async (given) => {
        let headers: Record<string, string>
        try {
          headers = { ...parseHeaders({ 'X-Custom': given }) }
        } catch {
          assert.match(given, /[^\t\x20-\x7e]/)
          return
        }
        await client.request({ method: 'GET', url: receiver.url, headers })
        const { rawHeaders } = receiver.requests.at(-1)!
        const at = rawHeaders.indexOf('x-custom')
        assert.equal(rawHeaders[at + 1], given.trim())
        assert.equal(rawHeaders.length, 8, 'host, connection, accept-encoding and ours')
      }),
      { numRuns: 200 },
    )
    await client.close()
  })
})

describe('the channel', () => {
  const { definition, retry } = webhook({
    backend: { name: 'none', send: () => Promise.resolve({}) },
  })

  test('tries again after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h, ±20 %, then no more', () => {
    const error = new Error('x')
    const minutes = [5 / 60, 5, 30, 120, 300, 600, 600]
    for (const [index, base] of minutes.entries()) {
      for (let time = 0; time < 50; time += 1) {
        const delay = retry({ attempt: index + 1, elapsedMs: 0, error })
        assert.ok(delay !== null && Math.abs(delay / 60_000 - base) <= base * 0.2 + 0.001)
      }
    }
    assert.equal(retry({ attempt: 8, elapsedMs: 0, error }), null)
  })

  test('takes headers as options, and checks them', () => {
    const { parseOptions } = definition
    assert.deepEqual(parseOptions?.({ headers: { 'X-A': '1' } }), { headers: { 'x-a': '1' } })
    assert.deepEqual(parseOptions?.({}), {})
    for (const wrong of [
      [],
      'x',
      { header: {} },
      { headers: { host: 'x' } },
      { headers: 'a: b' },
    ]) {
      assert.throws(() => parseOptions?.(wrong), Error, JSON.stringify(wrong))
    }
  })

  test('lays a call’s headers over the event’s one by one', () => {
    const merged = definition.mergeOptions?.(
      { headers: { a: 'event', b: 'event' } },
      { headers: { b: 'call' } },
    )
    assert.deepEqual(merged, { headers: { a: 'event', b: 'call' } })
    assert.deepEqual(definition.mergeOptions?.({}, {}), {})
  })
})

describe('Retry-After', () => {
  const now = new Date('1994-11-06T08:49:00Z')
  const day = 24 * 3600 * 1000
  const read = (value: string | undefined, date?: string) =>
    retryAfterMs(
      { ...(value !== undefined && { 'retry-after': value }), ...(date && { date }) },
      now,
    )

  test('is read as seconds and as each form of HTTP-date', () => {
    assert.equal(read('0'), 0)
    assert.equal(read(' 120 '), 120_000)
    for (const date of [
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
    ]) {
      assert.equal(read(date), 37_000, date)
    }
  })

  test('is never longer than a day and never in the past', () => {
    assert.equal(read('999999999999999999999'), day)
    assert.equal(read('Sun, 06 Nov 2094 08:49:37 GMT'), day)
    assert.equal(read('Sun, 06 Nov 1994 08:00:00 GMT'), 0)
  })

  test('is counted from the time at which the other side says that it answered', () => {
    const at = 'Tue, 03 Jun 2025 10:02:00 GMT'
    assert.equal(read(at, 'Tue, 03 Jun 2025 10:00:30 GMT'), 90_000)
    assert.equal(read(at, 'Tue, 03 Jun 2025 11:00:00 GMT'), 0)
    assert.equal(read('Sun, 06 Nov 1994 08:49:37 GMT', 'yesterday'), 37_000)
    assert.equal(read('5', 'Tue, 03 Jun 2025 10:00:30 GMT'), 5000)
  })

  test('is ignored where it is neither', () => {
    for (const value of [undefined, '', '1.5', '-1', 'soon', '1e3', '2026-01-01', 'Foo, 99 Bar']) {
      assert.equal(read(value), undefined, String(value))
    }
  })
})
