import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { sign } from '../../src/secret/signature.ts'
import { createSigningSecret, signingKey } from '../../src/secret/signing-secret.ts'
import { SignatureError, type SignatureProblem, verify } from '../../src/secret/verify.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
const timestamp = new Date(1614265330 * 1000)
const body = '{"test": 2432232314}'
const now = timestamp

const fails = (code: SignatureProblem) => (error: unknown) =>
  error instanceof SignatureError && error.code === code

test('the known answer of Standard Webhooks', () => {
  assert.deepEqual(sign({ id, timestamp, body }, [secret]), {
    'webhook-id': id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

describe('together with the reference library', () => {
  const secrets = fc.uint8Array({ minLength: 24, maxLength: 64 }).map((bytes) => {
    return `whsec_${Buffer.from(bytes).toString('base64')}`
  })
  const text = fc.string({ unit: 'binary' })

  test('it accepts what we sign, and we accept what it signs', () => {
    fc.assert(
      fc.property(secrets, fc.uuid(), text, (key, messageId, content) => {
        const at = new Date()
        const headers = sign({ id: messageId, timestamp: at, body: content }, [key])
        new Webhook(key).verify(content, headers, { jsonParse: false })
        const theirs = new Webhook(key).sign(messageId, at, content)
        assert.equal(headers['webhook-signature'], theirs)
        assert.equal(
          verify({ ...headers, 'webhook-signature': theirs }, Buffer.from(content), key).id,
          messageId,
        )
      }),
    )
  })

  test('a secret without prefix is taken as it stands: their "raw" format', () => {
    const headers = sign({ id, timestamp: new Date(), body }, ['correct horse'])
    new Webhook('correct horse', { format: 'raw' }).verify(body, headers)
  })

  test('during a rotation either secret verifies', () => {
    const [old, fresh] = [createSigningSecret(), createSigningSecret()]
    const headers = sign({ id, timestamp: new Date(), body }, [fresh, old])
    new Webhook(old).verify(body, headers)
    new Webhook(fresh).verify(body, headers)
    verify(headers, body, [createSigningSecret(), old])
  })
})

describe('verifying', () => {
  const headers = sign({ id, timestamp, body }, [secret])

  test('gives id and time; header names in any case, and Fetch headers', () => {
    assert.deepEqual(verify(headers, body, secret, { now }), { id, timestamp })
    const upper = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
    )
    assert.deepEqual(verify(upper, body, secret, { now }), { id, timestamp })
    assert.deepEqual(verify(new Headers(headers), body, secret, { now }), { id, timestamp })
  })

  test('another body, id, time or secret does not fit', () => {
    const mismatch = fails('signature-mismatch')
    const other = { ...headers, 'webhook-id': 'msg_other' }
    const later = { ...headers, 'webhook-timestamp': '1614265331' }
    assert.throws(() => verify(headers, `${body} `, secret, { now }), mismatch)
    assert.throws(() => verify(other, body, secret, { now }), mismatch)
    assert.throws(() => verify(later, body, secret, { now }), mismatch)
    assert.throws(() => verify(headers, body, createSigningSecret(), { now }), mismatch)
    assert.throws(() => verify(headers, body, [], { now }), mismatch)
  })

  test('a message may be 300 s old or ahead, and not a second more', () => {
    const at = (seconds: number) => new Date(timestamp.getTime() + seconds * 1000)
    verify(headers, body, secret, { now: at(300) })
    verify(headers, body, secret, { now: at(-300) })
    assert.throws(() => verify(headers, body, secret, { now: at(301) }), fails('timestamp-too-old'))
    assert.throws(
      () => verify(headers, body, secret, { now: at(-301) }),
      fails('timestamp-too-new'),
    )
    verify(headers, body, secret, { now: at(3600), toleranceS: 3600 })
    assert.throws(() => verify(headers, body, secret), fails('timestamp-too-old'))
  })

  test('says which header is missing or unusable', () => {
    for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
      const { [name]: _, ...rest } = headers
      assert.throws(() => verify(rest, body, secret, { now }), fails('header-missing'))
      assert.throws(
        () => verify({ ...rest, [name]: ['a', 'b'] }, body, secret, { now }),
        fails('header-missing'),
      )
    }
    for (const value of ['soon', '-1', '1e9', '1614265330.5', ' ']) {
      const given = { ...headers, 'webhook-timestamp': value }
      assert.throws(() => verify(given, body, secret, { now }), fails('timestamp-invalid'))
    }
    const asymmetric = { ...headers, 'webhook-signature': 'v1a,AAAA v2,BBBB' }
    assert.throws(() => verify(asymmetric, body, secret, { now }), fails('signature-unsupported'))
  })

  test('unknown versions beside a good signature do no harm', () => {
    const value = `v1a,AAAA ${headers['webhook-signature']} v1,short`
    verify({ ...headers, 'webhook-signature': value }, body, secret, { now })
  })
})

describe('secrets', () => {
  test('new ones are usable and different', () => {
    const [one, two] = [createSigningSecret(), createSigningSecret()]
    assert.notEqual(one, two)
    assert.equal(signingKey(one).symmetricKeySize, 32)
  })

  test('unusable ones are refused without being shown', () => {
    for (const wrong of ['', 'whsec_', 'whsec_hunter2!', 'whsec_aHVudGVyMg==']) {
      assert.throws(
        () => signingKey(wrong),
        (error: Error) => wrong === '' || !error.message.includes(wrong.slice(6) || '!'),
      )
    }
  })
})

test('an id that could shift what is signed is refused', () => {
  for (const wrong of ['a.b', '', 'a b', 'a\r\nx: y', 'é']) {
    assert.throws(() => sign({ id: wrong, timestamp, body }, [secret]), /full stop/)
  }
})
