import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mergeEmailOptions, parseEmailOptions } from '../../channels/email/options.ts'

test('options are checked and normalised, and stay the same when they are read again', () => {
  const parsed = parseEmailOptions({
    from: 'Shop <hello@Shop.example>',
    replyTo: 'help@shop.example',
    cc: ['a@b.example', 'C <c@d.example>'],
    bcc: 'audit@shop.example',
    headers: { 'X-Campaign': ' spring ' },
    attachments: [
      { base64: 'aGV sbG8=\n', filename: 'hello.txt' },
      { url: 'https://x.example/a.pdf' },
    ],
    listUnsubscribe: { url: 'https://shop.example/u?t=1', mailto: 'stop@shop.example' },
  })
  assert.deepEqual(parsed, {
    from: 'Shop <hello@shop.example>',
    replyTo: ['help@shop.example'],
    cc: ['a@b.example', 'C <c@d.example>'],
    bcc: ['audit@shop.example'],
    headers: { 'X-Campaign': 'spring' },
    attachments: [
      { base64: 'aGVsbG8=', filename: 'hello.txt' },
      { url: 'https://x.example/a.pdf' },
    ],
    listUnsubscribe: { url: 'https://shop.example/u?t=1', mailto: 'mailto:stop@shop.example' },
  })
  assert.deepEqual(parseEmailOptions(JSON.parse(JSON.stringify(parsed))), parsed)
  assert.deepEqual(parseEmailOptions(undefined), {})
})

test('every problem is in one message', () => {
  const problems = () =>
    parseEmailOptions({
      from: 'nobody',
      cc: ['x'],
      headers: { Subject: 'mine', 'X-A': 'a\nBcc: b@c.d', 'X B': 'c' },
      attachments: [{ path: '/a', url: 'https://b.example' }, { base64: '!' }],
      listUnsubscribe: { url: 'ftp://x.example' },
      subject: 'x',
    })
  for (const part of [
    /`from`: "nobody" is not an e-mail address/,
    /`cc`: "x"/,
    /header Subject cannot be set/,
    /header X-A has a control character or line break/,
    /"X B" is not a header name/,
    /number 1 needs exactly one of/,
    /number 2 `base64` is not base64/,
    /`listUnsubscribe`: `url` must be an http\(s\) URL/,
    /`subject` is not an option of an e-mail/,
  ]) {
    assert.throws(problems, part)
  }
})

const structural = [
  ...[
    'From',
    'Sender',
    'To',
    'Cc',
    'BCC',
    'Reply-To',
    'Subject',
    'Date',
    'Message-ID',
    'MIME-Version',
  ],
  ...['Content-Type', 'content-transfer-encoding', 'DKIM-Signature', 'Return-Path', 'Received'],
  ...[
    'Resent-To',
    'List-Unsubscribe',
    'list-unsubscribe-post',
    'ARC-Seal',
    'Authentication-Results',
  ],
]

test('headers that make up the mail cannot be set', () => {
  for (const name of structural) {
    assert.throws(() => parseEmailOptions({ headers: { [name]: 'x' } }), /cannot be set here/, name)
  }
})

test('no header name or value with a line break, a colon or a control character is let through', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, value) => {
      let headers: Record<string, string>
      try {
        headers = { ...parseEmailOptions({ headers: { [name]: value } }).headers }
      } catch {
        return
      }
      for (const [key, text] of Object.entries(headers)) {
        assert.match(key, /^[\w-]+$/)
        assert.doesNotMatch(text, /\p{Cc}/u)
      }
    }),
  )
})

test('base64 attachments are limited to 1 MB in all, because they are stored in the database', () => {
  const half = { base64: Buffer.alloc(500_000).toString('base64') }
  parseEmailOptions({ attachments: [half, half] })
  const more = [half, half, { base64: 'aGk=' }]
  assert.throws(() => parseEmailOptions({ attachments: more }), /1000002 bytes is over 1000000/)
})

test('an attachment cannot pose as a part of the mail, nor its name as a path', () => {
  const attach = (extra: object) => () =>
    parseEmailOptions({ attachments: [{ base64: '', ...extra }] })
  assert.throws(attach({ contentType: 'multipart/mixed; boundary=x' }), /media type/)
  assert.throws(attach({ contentType: 'text/plain\r\nX: y' }), /media type/)
  assert.throws(attach({ filename: '../a' }), /plain file name/)
  assert.throws(attach({ filename: 'a\nb' }), /plain file name/)
  assert.throws(attach({ cid: 'a>b' }), /`cid`/)
  attach({
    contentType: 'text/calendar; method=REQUEST',
    filename: 'Rechnung März.ics',
    cid: 'a@b',
  })()
})

test("a call's options lie over the event's: headers by name, attachments added", () => {
  const merged = mergeEmailOptions(
    {
      from: 'a@b.example',
      headers: { 'X-A': '1', 'X-B': '1' },
      attachments: [{ path: '/logo.png' }],
    },
    { from: 'c@d.example', headers: { 'x-a': '2' }, attachments: [{ path: '/invoice.pdf' }] },
  )
  assert.deepEqual(merged, {
    from: 'c@d.example',
    headers: { 'X-B': '1', 'x-a': '2' },
    attachments: [{ path: '/logo.png' }, { path: '/invoice.pdf' }],
  })
  assert.deepEqual(mergeEmailOptions({ headers: { A: '1' } }, {}), { headers: { A: '1' } })
})
