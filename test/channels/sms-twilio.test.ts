import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { z } from 'zod'
import { type Sms, sms, type TwilioOptions, twilio } from '../../channels/sms/index.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { Permanent, RetryAfter } from '../../src/errors.ts'
import { defineEvent } from '../../src/event/define.ts'
import { createOutgoing } from '../../src/testing/outgoing.ts'
import { failure } from '../support/failure.ts'
import { startReceiver } from '../support/http-receiver.ts'
import { startTwilio, type TwilioStandIn } from '../support/twilio.ts'
import { typescript } from '../support/typescript.ts'
import { Folder } from '../unit/template-folder.ts'

let api: TwilioStandIn
let closing: (() => Promise<void> | undefined)[] = []
beforeEach(async () => {
  api = await startTwilio()
})
afterEach(async () => {
  await api.stop()
  await Promise.all(closing.map((close) => close()))
  closing = []
})

function backend(over: Partial<TwilioOptions> = {}) {
  const { accountSid, authToken, from, url } = api
  const made = twilio({ accountSid, authToken, from, baseUrl: url, ...over })
  closing.push(() => made.close?.())
  return made
}

/** Without what is there by default. */
function only(options: Partial<TwilioOptions>) {
  const { accountSid, url } = api
  const made = twilio({ accountSid, baseUrl: url, ...options })
  closing.push(() => made.close?.())
  return made
}

function message(over: Partial<Sms> & { text?: string } = {}): Sms {
  const { text = 'Your order is on its way.', ...rest } = over
  return createOutgoing({
    id: '01930000-0000-7000-8000-000000000001',
    channel: 'sms',
    address: '+491701234567',
    message: { text },
    createdAt: new Date('2026-11-20T10:00:00.123Z'),
    ...rest,
  })
}

describe('what Twilio takes', () => {
  test('number, sender and text; the receipt has its id, status and segments', async () => {
    const text = 'Größe 42 & 10 % für 5 €: https://shop.example/?a=1&b=2+3\nBis bald!'
    const receipt = await backend().send(message({ text }))
    const [accepted] = api.messages
    assert.deepEqual(accepted?.parameters, { To: '+491701234567', From: api.from, Body: text })
    assert.deepEqual(receipt, {
      id: accepted?.sid,
      status: 'queued',
      segments: 1,
      encoding: 'GSM-7',
      chargedSegments: 1,
    })
  })

  test('emoji and all other characters arrive as they are', async () => {
    const text = '🚚 is on its way – “soon”, 明日, \u0000'
    await backend().send(message({ text }))
    assert.equal(api.messages[0]?.parameters.Body, text)
  })

  test('a messaging service in the place of a sender; what it charges is not known yet', async () => {
    const { authToken, messagingServiceSid } = api
    const made = only({ authToken, messagingServiceSid })
    const receipt = await made.send(message({ text: '🚚'.repeat(40) }))
    assert.deepEqual(api.messages[0]?.parameters, {
      To: '+491701234567',
      MessagingServiceSid: messagingServiceSid,
      Body: '🚚'.repeat(40),
    })
    const { id: _, ...rest } = receipt
    assert.deepEqual(rest, { status: 'accepted', segments: 2, encoding: 'UCS-2' })
  })

  test('callback and validity; those of the message win over those of the backend', async () => {
    const statusCallback = 'https://shop.example/sms?token=1'
    const made = backend({ statusCallback })
    await made.send(message())
    const own = { from: 'My Shop', statusCallback: 'https://x.example/', validityMs: 90_000 }
    await made.send(message({ options: own }))
    const [first, second] = api.messages.map(({ parameters }) => parameters)
    assert.equal(first?.StatusCallback, statusCallback)
    assert.deepEqual(
      [second?.From, second?.StatusCallback, second?.ValidityPeriod],
      ['My Shop', 'https://x.example/', '90'],
    )
  })

  test('an API key and its secret instead of the account’s token', async () => {
    const { apiKey, apiSecret, from } = api
    await only({ apiKey, apiSecret, from }).send(message())
    assert.equal(api.messages.length, 1)
  })

  test('1,600 characters', async () => {
    const receipt = await backend().send(message({ text: 'a'.repeat(1600) }))
    assert.equal(receipt.segments, 11)
  })
})

describe('what it refuses', () => {
  const to: [string, string][] = [
    ['+15005550001', 'twilio-21211'],
    ['+15005550002', 'twilio-21612'],
    ['+15005550003', 'twilio-21408'],
    ['+15005550004', 'twilio-21610'],
    ['+15005550009', 'twilio-21614'],
  ]
  for (const [address, code] of to) {
    test(`the magic number ${address}: ${code}, for good`, async () => {
      const error = await failure(backend().send(message({ address })))
      assert.ok(error instanceof Permanent)
      assert.equal(error.code, code)
    })
  }

  test('the magic senders: not ours or wrong, to be mended; a full queue holds the backend', async () => {
    for (const [from, code] of [
      ['+15005550001', 'twilio-21212'],
      ['+15005550007', 'twilio-21606'],
    ] as const) {
      const error = await failure(backend({ from }).send(message()))
      assert.ok(!(error instanceof Permanent) && !(error instanceof RetryAfter))
      assert.equal(error.code, code)
    }
    const full = await failure(backend({ from: '+15005550008' }).send(message()))
    assert.ok(full instanceof RetryAfter)
    assert.deepEqual([full.code, full.scope, full.delayMs], ['twilio-21611', 'backend', 300_000])
  })

  test('a wrong token holds the backend back, and is shown nowhere', async () => {
    const authToken = 'hunter2-is-not-the-token'
    const error = await failure(backend({ authToken }).send(message()))
    assert.ok(error instanceof RetryAfter)
    assert.deepEqual([error.code, error.scope, error.delayMs], ['twilio-20003', 'backend', 300_000])
    const basic = Buffer.from(`${api.accountSid}:${authToken}`).toString('base64')
    const shown = JSON.stringify({ ...error, message: error.message, cause: error.cause })
    for (const secret of [authToken, basic]) assert.ok(!shown.includes(secret), shown)
  })

  test('a secret that an answer repeats is masked', async () => {
    const body = JSON.stringify({ code: 20003, message: `wrong token ${api.authToken}` })
    api.next({ status: 401, body })
    const error = await failure(backend().send(message()))
    assert.equal(error.message, 'Twilio answered 401 (20003): wrong token ***')
    assert.ok(!JSON.stringify(error).includes(api.authToken))
  })

  test('another account', async () => {
    const error = await failure(backend({ accountSid: `AC${'0'.repeat(32)}` }).send(message()))
    assert.equal(error.code, 'twilio-20003')
  })

  test('more than 1,600 characters are not even sent', async () => {
    const error = await failure(backend().send(message({ text: 'a'.repeat(1601) })))
    assert.ok(error instanceof Permanent)
    assert.equal(error.code, 'twilio-21617')
    assert.equal(api.requests.length, 0)
  })

  test('1,600 emoji are judged by Twilio', async () => {
    const error = await failure(backend().send(message({ text: '🚚'.repeat(1600) })))
    assert.ok(error instanceof Permanent)
    assert.equal(error.code, 'twilio-21617')
    assert.equal(api.requests.length, 1)
  })

  test('request and answer are kept, without the text and the callback', async () => {
    const statusCallback = 'https://shop.example/sms?token=hunter2'
    const outgoing = message({ address: '+15005550001', text: 'your code is 4711' })
    const { exchange } = await failure(backend({ statusCallback }).send(outgoing))
    const kept = exchange?.response as Record<string, unknown> | undefined
    const { requestId, ...response } = kept ?? {}
    assert.match(String(requestId), /^RQ/)
    assert.deepEqual(
      { request: exchange?.request, response },
      {
        request: {
          method: 'POST',
          url: `${api.url}/2010-04-01/Accounts/${api.accountSid}/Messages.json`,
          To: '+15005550001',
          From: api.from,
        },
        response: {
          status: 400,
          code: 21211,
          message: "Invalid 'To' Phone Number: +15005550001",
        },
      },
    )
  })
})

describe('when Twilio is busy, broken or gone', () => {
  test('429 waits as long as Retry-After says, with all messages of the backend', async () => {
    const body = JSON.stringify({ code: 20429, message: 'Too Many Requests', status: 429 })
    api.next({ status: 429, headers: { 'retry-after': '7' }, body })
    const error = await failure(backend().send(message()))
    assert.ok(error instanceof RetryAfter)
    assert.deepEqual([error.code, error.scope, error.delayMs], ['twilio-20429', 'backend', 7000])
    const kept = error.exchange?.response as Record<string, unknown> | undefined
    assert.equal(kept?.retryAfter, '7')
  })

  test('5xx is temporary, whatever the body', async () => {
    api.next(
      { status: 500, body: JSON.stringify({ code: 20500, message: 'Internal Server Error' }) },
      { status: 502, body: '<html>Bad Gateway</html>' },
      { status: 503, headers: { 'retry-after': '120' } },
    )
    const made = backend()
    const internal = await failure(made.send(message()))
    const gateway = await failure(made.send(message()))
    const away = await failure(made.send(message()))
    assert.deepEqual(
      [internal.code, gateway.code, away.code],
      ['twilio-20500', 'http-502', 'http-503'],
    )
    assert.ok(!(internal instanceof RetryAfter) && !(gateway instanceof Permanent))
    assert.ok(away instanceof RetryAfter && away.delayMs === 120_000)
  })

  test('no answer, a cut connection, an answer that is none: perhaps delivered', async () => {
    const made = backend({ timeoutMs: 300 })
    api.next('hang', 'cut', { status: 201, body: 'created' }, { status: 201, body: '{}' })
    for (const what of ['hang', 'cut', 'no JSON', 'no sid']) {
      const error = await failure(made.send(message()))
      assert.equal(error.code, 'twilio-unconfirmed', what)
      assert.match(error.message, /the message may have been sent/)
      assert.ok(!(error instanceof Permanent) && !(error instanceof RetryAfter))
    }
    assert.equal(api.messages.length, 2)
  })

  test('the attempt’s signal ends it: unconfirmed once it was on its way, else not', async () => {
    api.next('hang')
    const late = await failure(backend().send(message({ signal: AbortSignal.timeout(100) })))
    assert.equal(late.code, 'twilio-unconfirmed')
    const early = await failure(backend().send(message({ signal: AbortSignal.abort() })))
    assert.equal(early.code, 'aborted')
    assert.equal(api.requests.length, 1)
  })

  test('nothing listens: temporary, and surely not delivered', async () => {
    const made = backend()
    await api.stop()
    assert.equal((await failure(made.send(message()))).code, 'ECONNREFUSED')
  })

  test('a redirect is not followed: it would carry the login along', async () => {
    await using elsewhere = await startReceiver()
    api.next({ status: 307, headers: { location: elsewhere.url } })
    assert.equal((await failure(backend().send(message()))).code, 'http-307')
    assert.equal(elsewhere.requests.length, 0)
  })

  test('messages beside each other get their own ends', async () => {
    const made = backend({ timeoutMs: 2000 })
    const numbers = Array.from({ length: 20 }, (_, index) => `+1500555${1000 + index}`)
    const sent = await Promise.allSettled([
      ...numbers.map((address) => made.send(message({ address }))),
      made.send(message({ address: '+15005550001' })),
    ])
    assert.deepEqual(
      sent.map(({ status }) => status),
      [...numbers.map(() => 'fulfilled'), 'rejected'],
    )
    assert.deepEqual(new Set(api.messages.map(({ parameters }) => parameters.To)), new Set(numbers))
  })
})

describe('verify', () => {
  test('reads the account, or with a key the messages, and sends none', async () => {
    const { apiKey, apiSecret, from } = api
    await backend().verify?.()
    await only({ apiKey, apiSecret, from }).verify?.()
    assert.deepEqual(
      api.requests.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`),
      [`GET ${api.accountSid}.json`, 'GET Messages.json?PageSize=1'],
    )
  })

  test('fails with wrong credentials, a suspended account, or where Twilio is not', async () => {
    const wrong = await failure(Promise.resolve(backend({ authToken: 'wrong' }).verify?.()))
    assert.equal(wrong.code, 'twilio-20003')
    api.next({ status: 200, body: JSON.stringify({ sid: api.accountSid, status: 'suspended' }) })
    const suspended = await failure(Promise.resolve(backend().verify?.()))
    assert.equal(suspended.message, 'The Twilio account is suspended.')
    api.next('hang')
    const late = await failure(Promise.resolve(backend({ timeoutMs: 100 }).verify?.()))
    assert.equal(late.code, 'timeout-total')
  })
})

test('from `send` to Twilio: numbers as people write them, and whoever has none', async () => {
  using folder = new Folder({
    'order-shipped/sms.text.liquid': 'Order {{ orderId }} is on its way.\n',
  })
  await using envoyer = createEnvoyer({
    events: { 'order-shipped': defineEvent({ context: z.object({ orderId: z.string() }) }) },
    channels: { sms: sms({ backend: backend(), defaultCountry: 'DE' }) },
    templates: folder.directory,
    directory: 'memory',
  })
  const people = [
    { phone: '0170 1234567' },
    { phone: '+49 (170) 1234567' },
    { phone: '+15005550004' },
    { phone: 'none' },
    {},
  ]
  const options = { channelOptions: { sms: { from: 'My Shop', validityMs: 60_000 } } }
  const result = await envoyer.send('order-shipped', people, { orderId: '1042' }, options)
  await envoyer.worker()
  const { sent, failed } = await envoyer.waitFor(result)
  assert.deepEqual([sent, failed], [1, 1])
  assert.deepEqual(
    result.skipped.first.map(({ reason }) => reason),
    ['duplicate-address', 'invalid-address', 'no-address'],
  )
  const text = 'Order 1042 is on its way.'
  assert.deepEqual(
    api.messages.map(({ parameters }) => parameters),
    [{ To: '+491701234567', From: 'My Shop', Body: text, ValidityPeriod: '60' }],
  )
  const [optedOut] = await envoyer.deliveries.list({ to: '+15005550004' })
  assert.equal(optedOut?.errorCode, 'twilio-21610')
  const [reached] = await envoyer.deliveries.list({ to: '+491701234567' })
  const { receipt, message: kept } = await envoyer.deliveries.get(reached!.id)
  assert.deepEqual([receipt?.id, receipt?.segments, kept?.text], [api.messages[0]?.sid, 1, text])
})

test('a base URL may have a path', async () => {
  const made = backend({ baseUrl: `${api.url}/proxy/` })
  assert.equal((await failure(made.send(message()))).code, 'twilio-20404')
  assert.match(api.requests[0]?.path ?? '', /^\/proxy\/2010-04-01\/Accounts\//)
})

test('variables of Twilio’s own client in the environment change nothing', async () => {
  process.env.TWILIO_REGION = 'au1'
  process.env.TWILIO_EDGE = 'sydney'
  try {
    await backend().send(message())
  } finally {
    delete process.env.TWILIO_REGION
    delete process.env.TWILIO_EDGE
  }
  assert.equal(api.messages.length, 1)
})

test('after close nothing goes out', async () => {
  const made = backend()
  await made.send(message())
  await made.close?.()
  await made.close?.()
  assert.equal((await failure(made.send(message()))).code, 'closed')
  assert.equal(api.requests.length, 1)
})

test('without the package, the first message fails with the command that installs it', async () => {
  const script = `
    import { register } from 'node:module'
    register('data:text/javascript,' + encodeURIComponent(\`
      export const resolve = (name, context, next) => {
        if (name !== 'twilio') return next(name, context)
        throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
      }\`))
    const { twilio } = await import('./channels/sms/index.ts')
    const backend = twilio({ accountSid: 'AC' + '0'.repeat(32), authToken: 'x', from: 'Shop' })
    await backend.verify().catch((error) => console.log(error.code, '|', error.message))
    await backend.close()`
  const arguments_ = [...typescript, '--input-type=module', '-e', script]
  const { stdout } = await promisify(execFile)(process.execPath, arguments_)
  assert.match(stdout, /^package-missing \| .*npm install twilio/)
})
