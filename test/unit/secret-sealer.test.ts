import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { EnvoyerError } from '../../src/errors.ts'
import type { Json } from '../../src/event/json.ts'
import { createSealer, isSealed } from '../../src/secret/sealer.ts'

const keyA = Buffer.alloc(32, 1).toString('base64')
const keyB = Buffer.alloc(32, 2).toString('hex')
const sealer = createSealer([keyA])

const hasCode = (code: string, text?: RegExp) => (error: unknown) =>
  error instanceof EnvoyerError && error.code === code && (text?.test(error.message) ?? true)

describe('sealing', () => {
  test('every JSON value comes back as it was, and its text is not to be seen', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, purpose) => {
        const plain = JSON.parse(JSON.stringify(value)) as Json
        const sealed = sealer.seal(plain, purpose)
        assert.match(sealed, /^sealed:v1:[0-9a-f]{8}:[\w-]+$/)
        assert.deepEqual(sealer.open(sealed, purpose), plain)
      }),
    )
    const sealed = sealer.seal('top-secret')
    const [, , , content = ''] = sealed.split(':')
    assert.ok(!Buffer.from(content, 'base64url').includes('top-secret'))
  })

  test('the same value is sealed differently each time', () => {
    const texts = new Set(Array.from({ length: 100 }, () => sealer.seal('same')))
    assert.equal(texts.size, 100)
  })

  test('any change to any character is noticed', () => {
    const sealed = sealer.seal({ secret: 'whsec_x', list: [1, 2] })
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_:'
    fc.assert(
      fc.property(
        fc.nat({ max: sealed.length - 1 }),
        fc.constantFrom(...alphabet),
        (at, character) => {
          fc.pre(sealed[at] !== character)
          const changed = sealed.slice(0, at) + character + sealed.slice(at + 1)
          assert.throws(() => sealer.open(changed), hasCode('secret-key-invalid'))
        },
      ),
      { numRuns: 500 },
    )
    for (let length = 0; length < sealed.length; length += 1) {
      assert.throws(() => sealer.open(sealed.slice(0, length)), hasCode('secret-key-invalid'))
    }
  })

  test('what was sealed for one purpose cannot be used for another', () => {
    const sealed = sealer.seal('x', 'endpoint.secret')
    assert.equal(sealer.open(sealed, 'endpoint.secret'), 'x')
    assert.throws(() => sealer.open(sealed, 'delivery.address'), hasCode('secret-key-invalid'))
    assert.throws(() => sealer.open(sealed), hasCode('secret-key-invalid'))
  })

  test('is told from other values', () => {
    assert.ok(isSealed(sealer.seal(null)))
    for (const other of ['sealed', 'https://example.com', '', 1, null, { sealed: 'v1' }]) {
      assert.ok(!isSealed(other))
    }
  })
})

describe('keys', () => {
  test('the first encrypts, the others still decrypt: rotation', () => {
    const old = sealer.seal('kept')
    const rotated = createSealer([keyB, keyA])
    assert.equal(rotated.open(old), 'kept')
    const fresh = rotated.seal('new')
    assert.notEqual(fresh.split(':')[2], old.split(':')[2])
    assert.equal(createSealer([keyB]).open(fresh), 'new')
  })

  test('a missing one is named by its id', () => {
    const old = sealer.seal('kept')
    const id = old.split(':')[2] ?? ''
    assert.throws(
      () => createSealer([keyB]).open(old),
      hasCode('secret-key-invalid', new RegExp(id)),
    )
    assert.throws(() => createSealer([]).open(old), hasCode('secret-key-invalid', new RegExp(id)))
  })

  test('the same key is the same in base64, base64url and hex', () => {
    const bytes = Buffer.alloc(32, 0xfb)
    const sealed = createSealer([bytes.toString('base64')]).seal('x')
    for (const text of [
      bytes.toString('base64url'),
      bytes.toString('hex'),
      ` ${bytes.toString('base64')}\n`,
    ]) {
      assert.equal(createSealer([text]).open(sealed), 'x')
    }
  })

  test('without one nothing is sealed, and the error says what to set', () => {
    for (const keys of [undefined, []]) {
      const none = createSealer(keys)
      assert.equal(none.ready, false)
      assert.throws(() => none.seal('x'), hasCode('address-secret', /ENVOYER_SECRET_KEY/))
    }
  })

  test('unusable ones are refused by position, without showing them', () => {
    const wrong = ['', 'hunter2', keyA.slice(4), `${keyA}AAAA`, keyB.slice(2), `g${keyB.slice(1)}`]
    for (const key of wrong) {
      assert.throws(
        () => createSealer([keyA, key]),
        (error) =>
          hasCode('secret-key-invalid', /Key 2 of 2/)(error) &&
          (key === '' || !(error as Error).message.includes(key)),
      )
    }
  })
})
