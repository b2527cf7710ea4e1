import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { promises as dns } from 'node:dns'
import { once } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import { type SmtpOptions, smtp } from '../../channels/email/index.ts'

const pair = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  })
const { privateKey, publicKey } = pair()
const record = (key: Buffer) => `v=DKIM1; k=rsa; p=${key.toString('base64')}`
const dkim = { domainName: 'shop.example', keySelector: 's1', privateKey }
const name = 's1._domainkey.shop.example'

/** A name server that gives this TXT record, an answer code, or nothing at all. */
async function startDns(t: TestContext, answer: string | 'silent' | number) {
  const server = createSocket('udp4')
  server.on('message', (query, from) => {
    if (answer !== 'silent') server.send(reply(query, answer), from.port, from.address)
  })
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  const before = dns.getServers()
  dns.setServers([`127.0.0.1:${server.address().port}`])
  t.after(() => {
    dns.setServers(before)
    server.close()
  })
}

/** RFC 1035, section 4.1: the question again, and the answer to it in pieces of 255 bytes. */
function reply(query: Buffer, answer: string | number): Buffer {
  let end = 12
  while (query[end] !== 0) end += query[end]! + 1
  const question = query.subarray(12, end + 5)
  const text = typeof answer === 'string' ? Buffer.from(answer) : Buffer.alloc(0)
  const pieces: Buffer[] = []
  for (let at = 0; at < text.length; at += 255) {
    const piece = text.subarray(at, at + 255)
    pieces.push(Buffer.from([piece.length]), piece)
  }
  const data = Buffer.concat(pieces)
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8180 | (typeof answer === 'number' ? answer : 0), 2)
  header.writeUInt16BE(1, 4)
  if (typeof answer === 'number') return Buffer.concat([header, question])
  header.writeUInt16BE(1, 6)
  const fixed = Buffer.from([
    0xc0,
    12,
    0,
    16,
    0,
    1,
    0,
    0,
    0,
    0,
    data.length >> 8,
    data.length & 255,
  ])
  return Buffer.concat([header, question, fixed, data])
}

async function see(check: string, options: Partial<SmtpOptions>, ofEvents: readonly object[] = []) {
  const backend = smtp({ url: 'smtp://127.0.0.1:1', from: 'a@shop.example', ...options })
  return backend.checks!(ofEvents)
    .find((each) => each.name === check)!
    .look()
}

describe('the check of DKIM', () => {
  const cases: readonly (readonly [string, string | number, string, RegExp])[] = [
    ['the public key of our private key', record(publicKey), 'ok', /is the one of our private key/],
    ['another key', record(pair().publicKey), 'error', /another private key/],
    ['a revoked key', 'v=DKIM1; p=', 'error', /revoked/],
    ['something else', 'v=spf1 -all', 'error', /no key in it/],
    ['nothing under this name', 3, 'error', /There is no public key/],
    ['a failure', 2, 'warning', /DNS did not answer/],
    ['no answer', 'silent', 'warning', /DNS did not answer/],
  ]
  for (const [what, answer, level, message] of cases) {
    test(`DNS gives ${what}: ${level}`, async (t) => {
      await startDns(t, answer)
      const seen = await see('dkim', { dkim })
      assert.equal(seen.level, level)
      assert.match(seen.message, message)
      assert.ok(seen.message.includes(name))
      const told = JSON.stringify(seen)
      assert.ok(!told.includes('PRIVATE'))
      if (level === 'error') assert.ok(told.includes(record(publicKey)), 'what to publish')
    })
  }

  test('is left out where no key is configured', async () => {
    assert.equal((await see('dkim', {})).level, 'skipped')
  })
})

describe('the check of one-click unsubscribe', () => {
  const listUnsubscribe = () => ({ url: 'https://shop.example/stop/7' })
  const ofEvent = { listUnsubscribe: { url: 'https://shop.example/stop' } }

  test('wants both headers signed', async () => {
    const signed = await see('unsubscribe', { listUnsubscribe, dkim })
    assert.deepEqual([signed.level, /List-Unsubscribe-Post/.test(signed.message)], ['ok', true])
    for (const [options, events] of [
      [{ listUnsubscribe }, []] as const,
      [{}, [{}, ofEvent]] as const,
    ]) {
      const seen = await see('unsubscribe', options, events)
      assert.equal(seen.level, 'warning')
      assert.match(seen.message, /List-Unsubscribe and List-Unsubscribe-Post/)
    }
  })

  test('tells of more clicks than one, and of none', async () => {
    const slow = { listUnsubscribe: { mailto: 'stop@shop.example' } }
    assert.match((await see('unsubscribe', { dkim }, [slow])).message, /more than one click/)
    assert.equal((await see('unsubscribe', { dkim }, [{}])).level, 'skipped')
  })
})
