import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { twilioError } from '../../channels/sms/twilio-errors.ts'
import { type Failure, twilioRules } from '../../channels/sms/twilio-rules.ts'
import { DeliveryError, RetryAfter } from '../../src/errors.ts'
import { mayHaveArrived } from '../../src/guard/arrival.ts'

const none: Failure = { code: 0, status: 0, error: '', handedOver: false }

function classify(failure: Partial<Failure>, wait?: number) {
  const context = { text: 'it failed', exchange: {}, retryAfterMs: wait }
  const error = twilioError({ ...none, ...failure }, context)
  const held = error instanceof RetryAfter ? ` ${error.delayMs / 1000} s ${error.scope}` : ''
  return `${error.name} ${error.code}${held}`
}

const rows: [Partial<Failure>, string][] = [
  [{ status: 400, code: 21211 }, 'Permanent twilio-21211'],
  [{ status: 400, code: 21614 }, 'Permanent twilio-21614'],
  [{ status: 400, code: 21610 }, 'Permanent twilio-21610'],
  [{ status: 403, code: 21408 }, 'Permanent twilio-21408'],
  [{ status: 400, code: 21612 }, 'Permanent twilio-21612'],
  [{ status: 400, code: 21608 }, 'Permanent twilio-21608'],
  [{ status: 400, code: 21617 }, 'Permanent twilio-21617'],
  [{ status: 400, code: 21606 }, 'DeliveryError twilio-21606'],
  [{ status: 404, code: 21701 }, 'DeliveryError twilio-21701'],
  [{ status: 429, code: 21611 }, 'RetryAfter twilio-21611 300 s backend'],
  [{ status: 429, code: 63038 }, 'RetryAfter twilio-63038 300 s backend'],
  [{ status: 429, code: 20429 }, 'RetryAfter twilio-20429 30 s backend'],
  [{ status: 401, code: 20003 }, 'RetryAfter twilio-20003 300 s backend'],
  [{ status: 404, code: 20404 }, 'RetryAfter twilio-20404 300 s backend'],
  [{ status: 400, code: 20008 }, 'RetryAfter twilio-20008 300 s backend'],
  [{ status: 503, code: 20503 }, 'DeliveryError twilio-20503'],
  [{ status: 400, code: 21730 }, 'DeliveryError twilio-21730'],
  [{ status: 429 }, 'RetryAfter http-429 30 s backend'],
  [{ status: 401 }, 'RetryAfter http-401 300 s backend'],
  [{ status: 403, code: 29999 }, 'RetryAfter twilio-29999 300 s backend'],
  [{ status: 408 }, 'DeliveryError http-408'],
  // Twilio makes new codes of old ones: the status tells
  [{ status: 400, code: 29999 }, 'Permanent twilio-29999'],
  [{ status: 413 }, 'Permanent http-413'],
  [{ status: 500 }, 'DeliveryError http-500'],
  [{ status: 502 }, 'DeliveryError http-502'],
  [{ status: 302 }, 'DeliveryError http-302'],
  [{ error: 'CERT_HAS_EXPIRED' }, 'RetryAfter CERT_HAS_EXPIRED 300 s backend'],
  [{ error: 'url-refused' }, 'RetryAfter url-refused 300 s backend'],
  [{ error: 'ECONNRESET', handedOver: true }, 'DeliveryError twilio-unconfirmed'],
  [{ error: 'aborted', handedOver: true }, 'DeliveryError twilio-unconfirmed'],
  [{ error: 'aborted' }, 'DeliveryError aborted'],
  [{ error: 'ECONNREFUSED' }, 'DeliveryError ECONNREFUSED'],
]

for (const [failure, outcome] of rows) {
  test(`${JSON.stringify(failure)} is ${outcome}`, () => assert.equal(classify(failure), outcome))
}

test('Retry-After is heeded with everything that is tried again, for the whole backend', () => {
  assert.equal(classify({ status: 429, code: 20429 }, 2000), 'RetryAfter twilio-20429 2 s backend')
  assert.equal(classify({ status: 503 }, 90_000), 'RetryAfter http-503 90 s backend')
  assert.equal(classify({ status: 401 }, 1000), 'RetryAfter http-401 300 s backend')
  assert.equal(
    classify({ status: 429, code: 63038 }, 3.6e6),
    'RetryAfter twilio-63038 3600 s backend',
  )
  assert.equal(classify({ status: 400, code: 21211 }, 2000), 'Permanent twilio-21211')
})

test('a failure before the first byte is no doubtful one; all others are', () => {
  const failed = (code: string, cause?: object) =>
    mayHaveArrived(new DeliveryError('it failed', { code, cause }))
  for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'timeout-dns', 'timeout-connect']) {
    assert.equal(failed(code), false, code)
  }
  assert.equal(failed('ETIMEDOUT', { syscall: 'connect' }), false)
  for (const code of ['ECONNRESET', 'timeout-total', 'aborted', 'ETIMEDOUT', 'UND_ERR_SOCKET']) {
    assert.equal(failed(code), true, code)
  }
})

test('every rule is reached by one of these cases, and no code is in two of them', () => {
  const found = rows.map(([failure]) =>
    twilioRules.findIndex(({ applies }) => applies({ ...none, ...failure })),
  )
  assert.deepEqual(
    [...new Set(found)].sort((a, b) => a - b),
    twilioRules.map((_rule, index) => index),
  )
  const codes = twilioRules.flatMap((rule) => rule.codes)
  assert.equal(new Set(codes).size, codes.length)
})

test("the channel's page shows the same table", async () => {
  const page = await readFile(new URL('../../docs/guides/channels/sms.md', import.meta.url), 'utf8')
  const lines = twilioRules.map(
    ({ when, code, outcome, meaning }) => `| ${when} | \`${code}\` | ${outcome} | ${meaning} |`,
  )
  assert.ok(page.includes(lines.join('\n')), `expected in sms.md:\n${lines.join('\n')}`)
})
