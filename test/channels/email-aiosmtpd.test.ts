import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import PostalMime from 'postal-mime'
import { type SmtpOptions, smtp } from '../../channels/email/index.ts'
import { type Aiosmtpd, startAiosmtpd } from '../support/smtp-aiosmtpd.ts'
import { mailTo } from '../support/smtp-mail.ts'

const from = 'Shop <hello@shop.example>'
const pass = 'p/ss wörd&100%'
let plain: Aiosmtpd
let secured: Aiosmtpd
before(async () => {
  plain = await startAiosmtpd()
  secured = await startAiosmtpd({ tls: true, user: 'shop', pass })
})
after(async () => {
  await plain?.[Symbol.asyncDispose]()
  await secured?.[Symbol.asyncDispose]()
})

function backendOf(t: { after(done: () => Promise<void>): void }, over: Partial<SmtpOptions> = {}) {
  const backend = smtp({ host: '127.0.0.1', port: plain.port, from, ...over })
  t.after(() => backend.close!())
  return backend
}

const outcomes: [does: string, name: string, code: string][] = [
  ['rcpt-450', 'DeliveryError', 'smtp-450'],
  ['rcpt-452', 'DeliveryError', 'smtp-452'],
  ['rcpt-421', 'DeliveryError', 'smtp-421'],
  ['rcpt-503', 'DeliveryError', 'smtp-503'],
  ['rcpt-550', 'Permanent', 'smtp-550'],
  ['rcpt-530', 'RetryAfter', 'smtp-530'],
  ['data-421', 'DeliveryError', 'smtp-421'],
  ['data-451', 'DeliveryError', 'smtp-451'],
  ['data-552', 'Permanent', 'smtp-552'],
  ['data-554', 'Permanent', 'smtp-554'],
  ['cut-before-data', 'DeliveryError', 'ECONNECTION'],
  ['cut-after-data', 'DeliveryError', 'smtp-unconfirmed'],
]

for (const [does, name, code] of outcomes) {
  test(`${does}: ${name} ${code}, on a new connection and on one that was used before`, async (t) => {
    const fresh = backendOf(t)
    await assert.rejects(fresh.send(mailTo(`${does}@x.example`)), { name, code })
    const used = backendOf(t, { connections: 1 })
    await used.send(mailTo('fine@x.example'))
    await assert.rejects(used.send(mailTo(`${does}@x.example`)), { name, code })
    await used.send(mailTo('fine@x.example')) // and the backend works on
  })
}

test('a greylisted mail is accepted at the next try, with the same Message-ID', async (t) => {
  const backend = backendOf(t)
  const mail = mailTo('greylist-a@x.example')
  await assert.rejects(backend.send(mail), { name: 'DeliveryError', code: 'smtp-451' })
  const receipt = await backend.send({ ...mail, attempt: 2 })
  const accepted = await plain.acceptedFor(mail.address)
  assert.equal(accepted.length, 1)
  const { messageId } = await PostalMime.parse(accepted[0].data)
  assert.deepEqual([messageId, receipt.id], Array(2).fill(`<${mail.id}@shop.example>`))
})

test('a mail whose acceptance was never heard says that it may have been delivered', async (t) => {
  const backend = backendOf(t)
  const signal = AbortSignal.timeout(700)
  await assert.rejects(backend.send(mailTo('silent-after-data@x.example', { signal })), {
    code: 'smtp-unconfirmed',
    message: /may have accepted/,
  })
  await plain.acceptedFor('silent-after-data@x.example')
})

test('what other software reads is what was written: umlauts, dots at line starts, long lines', async (t) => {
  const message = {
    subject: 'Größe: 10 €',
    text: `.\n..dots\n${'lang '.repeat(400)}\nÄnde`,
    html: `<p>${'x'.repeat(3_000)}</p>`,
  }
  await backendOf(t).send(mailTo('content@x.example', { message }))
  const [{ data }] = await plain.acceptedFor('content@x.example')
  const mail = await PostalMime.parse(Buffer.from(data, 'latin1'))
  assert.equal(mail.subject, message.subject)
  assert.equal(mail.text?.trim(), message.text)
  assert.equal(mail.html?.trim(), message.html)
  for (const line of data.split('\r\n')) assert.ok(line.length <= 998)
})

test('a mailbox with a name in another script is reached, where the server can (SMTPUTF8)', async (t) => {
  await backendOf(t).send(mailTo('用户@例え.example'))
  // beside a local part that needs SMTPUTF8 anyway, the domain is written as it is read
  await plain.acceptedFor('用户@例え.example')
})

test('with a login, the connection is encrypted first and the certificate checked', async (t) => {
  const url = `smtp://shop:${encodeURIComponent(pass)}@127.0.0.1:${secured.port}`
  const backend = smtp({ url, from, starttls: 'required', tls: { ca: secured.ca! } })
  t.after(() => backend.close!())
  await backend.verify!()
  await backend.send(mailTo('jane@x.example'))
  const [{ tls, user }] = await secured.acceptedFor('jane@x.example')
  assert.deepEqual({ tls, user }, { tls: true, user: 'shop' })

  const distrusting = smtp({ url, from })
  t.after(() => distrusting.close!())
  await assert.rejects(distrusting.send(mailTo('jane@x.example')), {
    name: 'RetryAfter',
    code: 'ETLS',
    scope: 'backend',
  })
})

test('a server that does not encrypt gets no password when it must', async (t) => {
  const auth = { user: 'shop', pass }
  await assert.rejects(
    backendOf(t, { auth, starttls: 'required' }).send(mailTo('jane@x.example')),
    {
      name: 'RetryAfter',
      scope: 'backend',
    },
  )
})

test('a wrong password holds the backend back; no error repeats it, even if the server does', async (t) => {
  const wrong = { user: 'shop', pass: 'hunter2 & co/' }
  const backend = backendOf(t, { port: secured.port, auth: wrong, tls: { ca: secured.ca! } })
  for (const attempt of [() => backend.send(mailTo('jane@x.example')), () => backend.verify!()]) {
    const error = await attempt().then(
      () => assert.fail('was let in'),
      (thrown: Error & { scope?: string; code?: string; exchange?: unknown }) => thrown,
    )
    assert.deepEqual([error.name, error.code, error.scope], ['RetryAfter', 'smtp-535', 'backend'])
    const shown = `${error.stack} ${JSON.stringify(error.exchange)} ${String(error.cause)}`
    assert.match(shown, /535 5\.7\.8 no login with \*\*\* \(PLAIN \*\*\*\)/)
    const blob = Buffer.from(`\0shop\0${wrong.pass}`).toString('base64')
    for (const secret of [wrong.pass, blob]) assert.ok(!shown.includes(secret), shown)
  }
})
