import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { getCountries, getExampleNumber } from 'libphonenumber-js/min'
import examples from 'libphonenumber-js/mobile/examples'
import { sms, twilio } from '../../channels/sms/index.ts'
import { parsePhoneNumber, phoneAddress } from '../../channels/sms/phone.ts'
import { EnvoyerError } from '../../src/errors.ts'

const backend = twilio({
  accountSid: `AC${'0'.repeat(32)}`,
  authToken: 'token',
  from: '+15005550006',
})

test('numbers as people write them become E.164', () => {
  for (const text of [
    '+491701234567',
    ' +49 170 1234567 ',
    '+49 (0) 170 123-4567',
    '+49.170.1234567',
    '+49/170/1234567',
    '＋４９１７０１２３４５６７',
  ]) {
    assert.equal(parsePhoneNumber(text), '+491701234567', text)
  }
})

test('without a country code it is a number of the default country, or refused', () => {
  assert.equal(parsePhoneNumber('0170 1234567', 'DE'), '+491701234567')
  assert.equal(parsePhoneNumber('(500) 555-0006', 'US'), '+15005550006')
  assert.equal(parsePhoneNumber('0049 170 1234567', 'DE'), '+491701234567')
  assert.equal(parsePhoneNumber('+44 7400 123456', 'DE'), '+447400123456')
  assert.throws(() => parsePhoneNumber('0170 1234567'), /has no country code, and the channel no/)
})

test('what is not one phone number is refused, and told why', () => {
  const wrong: [unknown, RegExp][] = [
    [491701234567, /must be a string/],
    [null, /must be a string/],
    ['', /"" is not a phone number/],
    ['jane@example.com', /is not a phone number/],
    ['call +491701234567 now', /is not a phone number/],
    ['+49 170 1234567, +49 170 7654321', /is not a phone number/],
    ['+49170\n1234567', /is not a phone number/],
    ['+49 12', /too short or too long/],
    ['+1234567890123456789', /too short or too long/],
    ['+999 1234567', /country code that does not exist/],
    ['+44 20 7946 0018 ext. 5', /has an extension/],
    ['tel:0170;phone-context=+49', /is not a phone number/],
    ['12345', /has no country code/],
  ]
  for (const [value, reason] of wrong) {
    assert.throws(() => parsePhoneNumber(value), reason, String(value))
  }
  assert.throws(() => parsePhoneNumber('110', 'DE'), /too short/)
})

test('a mobile number of every country is read in all its forms, and is one address', () => {
  const { key, parse } = phoneAddress()
  for (const country of getCountries()) {
    const number = getExampleNumber(country, examples)!
    const forms = [
      number.number,
      number.formatInternational(),
      `${number.number.slice(0, 4)} ${number.number.slice(4)}`,
    ]
    for (const form of forms) assert.equal(key(parse(form)), number.number, `${country}: ${form}`)
    assert.equal(parsePhoneNumber(number.formatNational(), country), number.number, country)
  }
})

const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 3, maxLength: 20 })
const typed = fc.string({ unit: fc.constantFrom(...'0123456789+ -()./x;=٣'), maxLength: 24 })

test('what is accepted is E.164, and stays the same when it is read again', () => {
  const text = fc.oneof(
    digits.map((each) => `+${each}`),
    typed,
    fc.string(),
  )
  const country = fc.constantFrom(undefined, ...getCountries())
  fc.assert(
    fc.property(text, country, (given, defaultCountry) => {
      let number: string
      try {
        number = parsePhoneNumber(given, defaultCountry)
      } catch (error) {
        assert.match((error as Error).message, /phone number|country code|extension/)
        return
      }
      assert.match(number, /^\+[1-9]\d{1,14}$/)
      assert.equal(parsePhoneNumber(number), number)
      assert.equal(parsePhoneNumber(number, defaultCountry), number)
    }),
    { numRuns: 2000 },
  )
})

test('the channel takes numbers by its default country, and refuses one that is none', () => {
  const { definition } = sms({ backend, defaultCountry: 'AT' })
  assert.equal(definition.address.recipientKey, 'phone')
  assert.equal(definition.address.parse('0664 1234567'), '+436641234567')
  assert.throws(() => sms({ backend }).definition.address.parse('0664 1234567'), /no country code/)
  assert.throws(
    // @ts-expect-error: lower case
    () => sms({ backend, defaultCountry: 'at' }),
    (error) => error instanceof EnvoyerError && error.code === 'configuration-invalid',
  )
})
