import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import PostalMime, { decodeWords } from 'postal-mime'
import { smtp } from '../../channels/email/index.ts'
import { parseEmailOptions } from '../../channels/email/options.ts'
import { type SmtpTestServer, startSmtp } from '../support/smtp.ts'
import { mailTo } from '../support/smtp-mail.ts'

let server: SmtpTestServer
before(async () => {
  server = await startSmtp()
})
after(() => server.close())

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r\n',
        '\n',
        '\r',
        '\0',
        '\u2028',
        '\ud800',
        ': ',
        '"',
        '<',
        '>',
        ',',
        '=?utf-8?Q?=0D=0A?=',
      ),
      fc.constantFrom(
        'Bcc: x@evil.example',
        'Content-Type: text/html',
        '\r\n\r\n<p>body',
        '\r\n.\r\n',
        ' ',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((pieces) => pieces.join(''))

const plain = [
  'content-transfer-encoding',
  'content-type',
  'date',
  'from',
  'message-id',
  'mime-version',
  'to',
]

test('whatever stands in a subject, the mail has the headers that it should have and no others', async () => {
  const backend = smtp({ url: server.url, from: 'Shop <hello@shop.example>' })
  await fc.assert(
    fc.asyncProperty(hostile, async (subject) => {
      await backend.send(mailTo('jane@x.example', { message: { subject, text: 'the text' } }))
      const { to, mail } = server.mails.at(-1)!
      const names = mail.headers.map(({ key }) => key).sort()
      const shown = squeezed(subject.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, ' '))
      assert.deepEqual(names, shown === '' ? plain : [...plain, 'subject'].sort())
      assert.deepEqual(to, ['jane@x.example'])
      assert.equal(mail.text?.trim(), 'the text')
      // readers decode encoded words that the application wrote itself, as in any mail
      if (!shown.includes('=?')) assert.equal(squeezed(mail.subject ?? ''), shown)
    }),
    { numRuns: 150 },
  )
  await backend.close!()
})

test('whatever stands in names and header values is either refused or arrives as it was given', async () => {
  const backend = smtp({ url: server.url, from: 'hello@shop.example' })
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(hostile, hostile, async (name, value) => {
      let options: ReturnType<typeof parseEmailOptions>
      try {
        const from = { name, address: 'sales@shop.example' }
        options = parseEmailOptions({ from, headers: { 'X-Note': value } })
      } catch (error) {
        assert.match((error as Error).message, /control character|is empty|longer than/)
        return
      }
      accepted++
      await backend.send(mailTo('jane@x.example', { options }))
      const { mail, raw } = server.mails.at(-1)!
      const names = mail.headers.map(({ key }) => key).sort()
      assert.deepEqual(names, [...plain, 'subject', 'x-note'].sort(), raw)
      assert.equal(mail.from?.address, 'sales@shop.example')
      if (!name.includes('=?')) assert.equal(squeezed(mail.from?.name ?? ''), squeezed(name))
      const note = mail.headers.find(({ key }) => key === 'x-note')?.value ?? ''
      if (!value.includes('=?')) assert.equal(squeezed(decodeWords(note)), squeezed(value))
    }),
    { numRuns: 300 },
  )
  assert.ok(accepted > 20, `${accepted} mails went out`)
  await backend.close!()
})

test('headers named key and value are headers, not a way around the check', async () => {
  const backend = smtp({ url: server.url, from: 'hello@shop.example' })
  const options = parseEmailOptions({ headers: { key: 'Bcc', value: 'x@evil.example' } })
  await backend.send(mailTo('jane@x.example', { options }))
  const names = server.mails
    .at(-1)!
    .mail.headers.map(({ key }) => key)
    .sort()
  assert.deepEqual(names, [...plain, 'key', 'subject', 'value'].sort())
  await backend.close!()
})

test('options that were not checked cannot replace a structural header either', async () => {
  const backend = smtp({ url: server.url, from: 'hello@shop.example' })
  const options = { headers: { 'content-type': 'text/html' } }
  await assert.rejects(backend.send(mailTo('jane@x.example', { options })), {
    name: 'Permanent',
    code: 'mail-invalid',
  })
  await backend.close!()
})

test('a list-unsubscribe that makes a line longer than a mail may have is refused', async () => {
  const grown = (start: string, length: number) => start + 'a'.repeat(length - start.length)
  const places = (length: number) => ({
    url: grown('https://shop.example/stop?t=', length),
    mailto: grown('mailto:stop@shop.example?subject=', length),
  })
  assert.throws(
    () => parseEmailOptions({ listUnsubscribe: { url: places(901).url } }),
    /`listUnsubscribe`: `url` is longer than 900 characters/,
  )
  let length = 901
  const listUnsubscribe = () => places(length)
  const backend = smtp({ url: server.url, from: 'hello@shop.example', listUnsubscribe })
  const mail = mailTo('jane@x.example')
  await assert.rejects(backend.send(mail), { name: 'Permanent', code: 'mail-invalid' })
  length = 900
  await backend.send(mail)
  const { raw, mail: read } = server.mails.at(-1)!
  const { url, mailto } = places(900)
  const sent = read.headers.find(({ key }) => key === 'list-unsubscribe')
  assert.equal(sent?.value, `<${url}>, <${mailto}>`)
  assert.ok(raw.split('\r\n').every((line) => line.length <= 998))
  await backend.close!()
})

test('this test reads mails with a parser that sees an injected header', async () => {
  const mail = await PostalMime.parse('From: a@b.c\r\nBcc: x@evil.example\r\n\r\nhi')
  assert.deepEqual(mail.headers.map(({ key }) => key).sort(), ['bcc', 'from'])
})

/** Folding may change the white space within a header, nothing else. */
function squeezed(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
