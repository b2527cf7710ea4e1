import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emailAddress, formatMailbox, parseMailbox } from '../../channels/email/address.ts'

const { parse, key } = emailAddress

test('an address is kept as it was given, but for its domain, which becomes lower-case ASCII', () => {
  assert.equal(parse(' Jane.Doe+news@Example.COM '), 'Jane.Doe+news@example.com')
  assert.equal(parse('post@münchen.de'), 'post@xn--mnchen-3ya.de')
  assert.equal(parse('root@localhost'), 'root@localhost')
  assert.equal(parse('用户@例え.jp'), '用户@xn--r8jz45g.jp')
})

test('a name may stand before the address, as text or as an object', () => {
  assert.equal(parse('Jane Doe <jane@example.com>'), 'Jane Doe <jane@example.com>')
  assert.equal(parse('"Doe, Jane" <jane@example.com>'), '"Doe, Jane" <jane@example.com>')
  assert.equal(parse('Doe, Jane <jane@example.com>'), '"Doe, Jane" <jane@example.com>')
  assert.equal(parse('"" <jane@example.com>'), 'jane@example.com')
  assert.equal(
    parse({ name: 'a "b" <c>', address: 'jane@example.com' }),
    '"a \\"b\\" <c>" <jane@example.com>',
  )
})

test('addresses that differ in case or name only reach the same mailbox', () => {
  assert.equal(key(parse('Jane <Jane@Example.com>')), key(parse('jane@example.com')))
  assert.notEqual(key(parse('jane@example.com')), key(parse('john@example.com')))
})

test('what is not one address is refused, and the text says why', () => {
  const refused: [unknown, RegExp][] = [
    [42, /must be a string/],
    ['', /not an e-mail address/],
    ['jane', /not an e-mail address/],
    ['@example.com', /not an e-mail address/],
    ['jane@', /not an e-mail address/],
    ['a@b.c, d@e.f', /space/],
    ['a@b.c;d@e.f', /part before the @/],
    ['a@b.c, Jane <d@e.f>', /not one e-mail address/],
    ['<a@b.c> <d@e.f>', /not one e-mail address/],
    ['jane@example.com\r\nBcc: x@y.z', /space or an invisible/],
    ['Jane\nBcc: x <jane@example.com>', /control character/],
    ['jane@exa\u200bmple.com', /invisible/],
    ['ja..ne@example.com', /part before the @/],
    ['"ja ne"@example.com', /space/],
    ['jane@-example.com', /domain/],
    ['jane@example..com', /domain/],
    ['jane@[127.0.0.1]', /domain/],
    ['jane@127.0.0.1', /domain/],
    ['jane@2130706433', /domain/],
    ['jane@ex%61mple.com', /domain/],
    ['jane@example.com/path', /domain/],
    ['a\u037eb@example.com', /part before the @/], // becomes a semicolon when composed
    [`${'a'.repeat(65)}@example.com`, /64 bytes/],
    [`${'ä'.repeat(33)}@example.com`, /64 bytes/],
    [`a@${'b'.repeat(64)}.com`, /domain/],
    [`a@${'b.'.repeat(126)}com`, /254|domain/],
    [`${'x'.repeat(257)} <a@b.c>`, /longer than 256/],
  ]
  for (const [value, why] of refused) assert.throws(() => parse(value), why, JSON.stringify(value))
})

test('what an address was made into is read back as itself', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.emailAddress(),
      (name, address) => {
        let text: string
        try {
          text = formatMailbox(parseMailbox({ name, address }))
        } catch {
          return
        }
        assert.doesNotMatch(text, /[\r\n\0]/)
        assert.equal(parse(text), text)
        assert.deepEqual(parseMailbox(text), parseMailbox({ name, address }))
      },
    ),
    { numRuns: 500 },
  )
})
