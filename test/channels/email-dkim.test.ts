import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import { smtp } from '../../channels/email/index.ts'
import { type SmtpTestServer, startSmtp } from '../support/smtp.ts'
import { verifyDkim } from '../support/smtp-dkim.ts'
import { mailTo } from '../support/smtp-mail.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
const dkim = { domainName: 'shop.example', keySelector: 's1', privateKey }
// with what elsewhere in a header would be taken for an encoded word
const url = `https://shop.example/stop?a==?utf-8?q?b?=&token=${'t'.repeat(120)}`

let server: SmtpTestServer
before(async () => {
  server = await startSmtp()
})
after(() => server.close())

async function sendSigned(options: object = {}) {
  const backend = smtp({
    url: server.url,
    from: 'Größe <hello@shop.example>',
    dkim,
    listUnsubscribe: ({ address }) => ({
      url,
      mailto: `stop+${address.split('@')[0]}@shop.example`,
    }),
  })
  const message = {
    subject: 'Ihre Bestellung ist größer',
    text: 'Hallo  \n\n\n',
    html: '<p>Hällo</p>',
  }
  await backend.send(mailTo('jane@x.example', { message, options }))
  await backend.close!()
  return server.mails.at(-1)!
}

test('one-click unsubscribe is complete: both headers are there, and DKIM signs both', async () => {
  const { raw, mail } = await sendSigned()
  const header = (key: string) => mail.headers.find((one) => one.key === key)?.value
  assert.equal(header('list-unsubscribe'), `<${url}>, <mailto:stop+jane@shop.example>`)
  assert.equal(header('list-unsubscribe-post'), 'List-Unsubscribe=One-Click')
  const { tags, signed, bodyHashMatches, signatureMatches } = verifyDkim(raw, publicKey)
  assert.deepEqual([tags.d, tags.s], ['shop.example', 's1'])
  for (const name of [
    'list-unsubscribe',
    'list-unsubscribe-post',
    'from',
    'to',
    'subject',
    'message-id',
  ]) {
    assert.ok(signed.includes(name), `${name} is not among ${signed}`)
  }
  assert.ok(bodyHashMatches)
  assert.ok(signatureMatches)
})

test('a signature does not survive a change of a header that it covers, nor of the body', async () => {
  const { raw } = await sendSigned()
  const post = raw.replace('List-Unsubscribe=One-Click', 'List-Unsubscribe=Two-Click')
  assert.equal(verifyDkim(post, publicKey).signatureMatches, false)
  const body = raw.replace('Hallo', 'Hello')
  assert.notEqual(body, raw)
  assert.equal(verifyDkim(body, publicKey).bodyHashMatches, false)
})

test('an address that is not https gets no one-click header, which would promise too much', async () => {
  const { mail } = await sendSigned({ listUnsubscribe: { url: 'http://shop.example/stop' } })
  const names = mail.headers.map(({ key }) => key)
  assert.ok(names.includes('list-unsubscribe'))
  assert.ok(!names.includes('list-unsubscribe-post'))
})

test('a key that cannot sign is refused at once: mails would go out unsigned', () => {
  const { privateKey: ed25519 } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  for (const key of ['nonsense', ed25519]) {
    const options = { url: server.url, from: 'a@shop.example', dkim: { ...dkim, privateKey: key } }
    assert.throws(() => smtp(options), { code: 'configuration-invalid' })
  }
})
