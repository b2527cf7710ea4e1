import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type TwilioOptions, twilio } from '../../channels/sms/index.ts'
import { parseSmsOptions } from '../../channels/sms/options.ts'
import { problemsOf } from '../support/failure.ts'

const digits = '0123456789abcdef0123456789ABCDEF'
const right: TwilioOptions = {
  accountSid: `AC${digits}`,
  authToken: 'hunter2',
  from: '+15005550006',
}

const problems = (options: object) => problemsOf(() => twilio(options as TwilioOptions))

test('a backend needs an account, one kind of credentials, and a sender', () => {
  const { authToken, from, ...account } = right
  const key = { apiKey: `SK${digits}`, apiSecret: 'hunter2' }
  const service = { messagingServiceSid: `MG${digits}` }
  assert.deepEqual(problems(right), [])
  assert.deepEqual(problems({ ...account, ...key, from: 'My Shop' }), [])
  assert.deepEqual(problems({ ...account, authToken, ...service }), [])
  assert.deepEqual(problems({ ...account, authToken, ...service, from }), [])
  const wrong: [object, RegExp][] = [
    [{ ...right, accountSid: undefined }, /`accountSid`: must be AC and 32/],
    [{ ...right, accountSid: `SK${digits}` }, /`accountSid`: must be AC/],
    [{ ...right, authToken: undefined }, /`authToken`: is missing/],
    [{ ...right, authToken: ' hunter2' }, /`authToken`: is missing/],
    [{ ...right, ...key }, /`authToken`: give either/],
    [{ ...account, from, apiKey: key.apiKey }, /both `apiKey`.*and `apiSecret`/],
    [{ ...account, authToken }, /needs `from` or `messagingServiceSid`/],
    [{ ...account, authToken, messagingServiceSid: 'MGx' }, /`messagingServiceSid`: must be MG/],
    [{ ...right, from: '0170 1234567' }, /`from`: must be a number with its country code/],
    [{ ...right, from: 'Our Lovely Shop' }, /`from`: must be a number/],
    [{ ...right, from: '' }, /`from`: must be a number/],
    [
      { ...right, statusCallback: 'https://my_shop.example/' },
      /`statusCallback`: has an underscore/,
    ],
    [{ ...right, baseUrl: 'api.twilio.com' }, /`baseUrl`: This is not an absolute URL/],
    [{ ...right, baseUrl: 'https://x.example/?a=1' }, /`baseUrl`: must end before/],
    [{ ...right, timeoutMs: 0 }, /`timeoutMs`: must be a number/],
    [{ ...right, timeoutMs: 2 ** 31 }, /`timeoutMs`: must be .* 2147000000 \(24 days\) at most/],
  ]
  for (const [options, reason] of wrong) {
    const found = problems(options)
    assert.equal(found.length, 1, JSON.stringify(found))
    assert.match(found[0]!, reason)
  }
})

test('all problems of a configuration are told at once', () => {
  assert.equal(problems({ accountSid: '', baseUrl: 'x', timeoutMs: -1 }).length, 5)
})

test('options of a message are checked and normalised, and stay the same when read again', () => {
  const parsed = parseSmsOptions({
    from: ' +1 500 555 0006 ',
    statusCallback: 'https://Shop.example/sms?id=1',
    validityMs: 300_000,
  })
  assert.deepEqual(parsed, {
    from: '+15005550006',
    statusCallback: 'https://shop.example/sms?id=1',
    validityMs: 300_000,
  })
  assert.deepEqual(parseSmsOptions(JSON.parse(JSON.stringify(parsed))), parsed)
  assert.deepEqual(parseSmsOptions(undefined), {})
  for (const from of ['My Shop', '12345', 'A'])
    assert.deepEqual(parseSmsOptions({ from }), { from })
})

test('every problem is in one message', () => {
  const wrong = () =>
    parseSmsOptions({ from: 'Größe', statusCallback: 'ftp://x', validityMs: 1500, mediaUrl: 'x' })
  for (const part of [
    /`from`: must/,
    /`statusCallback`: The URL/,
    /`validityMs`: must/,
    /`mediaUrl`/,
  ]) {
    assert.throws(wrong, part)
  }
  for (const validityMs of [0, -1000, 36_001_000, '5000', Number.NaN]) {
    assert.throws(() => parseSmsOptions({ validityMs }), /`validityMs`/)
  }
  assert.throws(() => parseSmsOptions([]), /must be an object/)
})
