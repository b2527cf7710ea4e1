import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { NodemailerError } from 'nodemailer'
import { secretsOf, smtpError, smtpRules } from '../../channels/email/smtp-errors.ts'
import { createMask } from '../../src/secret/mask.ts'

function classify(properties: Partial<NodemailerError>, handedOver = false) {
  const error = Object.assign(new Error(properties.response ?? 'it failed'), properties)
  const context = { host: 'h', port: 25, handedOver, mask: (text: string) => text }
  const { name, code } = smtpError(error, context)
  return `${name} ${code}`
}

const rows: [Partial<NodemailerError>, string][] = [
  [{ code: 'EENVELOPE', responseCode: 550, command: 'RCPT TO' }, 'Permanent smtp-550'],
  [{ code: 'EENVELOPE', responseCode: 553, command: 'MAIL FROM' }, 'Permanent smtp-553'],
  [{ code: 'EMESSAGE', responseCode: 554, command: 'DATA' }, 'Permanent smtp-554'],
  [{ code: 'EENVELOPE', responseCode: 451, command: 'RCPT TO' }, 'DeliveryError smtp-451'],
  [{ code: 'EENVELOPE', responseCode: 452, command: 'RCPT TO' }, 'DeliveryError smtp-452'],
  [{ code: 'EENVELOPE', responseCode: 503, command: 'RCPT TO' }, 'DeliveryError smtp-503'],
  [{ code: 'ECONNECTION', responseCode: 421, command: 'CONN' }, 'DeliveryError smtp-421'],
  [{ code: 'EAUTH', responseCode: 535, command: 'AUTH PLAIN' }, 'RetryAfter smtp-535'],
  [{ code: 'EAUTH', responseCode: 454, command: 'AUTH LOGIN' }, 'RetryAfter smtp-454'],
  [{ code: 'EAUTH', command: 'API' }, 'RetryAfter EAUTH'],
  [{ code: 'EENVELOPE', responseCode: 530, command: 'MAIL FROM' }, 'RetryAfter smtp-530'],
  [{ code: 'EPROTOCOL', responseCode: 554, command: 'CONN' }, 'RetryAfter smtp-554'],
  [{ code: 'EPROTOCOL', responseCode: 450, command: 'CONN' }, 'DeliveryError smtp-450'],
  [{ code: 'ETLS', command: 'STARTTLS' }, 'RetryAfter ETLS'],
  [{ code: 'ESOCKET', originalCode: 'CERT_HAS_EXPIRED' }, 'RetryAfter ETLS'],
  [{ code: 'ESOCKET', originalCode: 'ECONNREFUSED' }, 'DeliveryError ESOCKET'],
  [{ code: 'ECONNECTION' }, 'DeliveryError ECONNECTION'],
  [{ code: 'ETIMEDOUT' }, 'DeliveryError ETIMEDOUT'],
  [{ code: 'EDNS' }, 'DeliveryError EDNS'],
  [{ code: 'EABORT' }, 'DeliveryError aborted'],
  [{ code: 'EMESSAGE' }, 'Permanent EMESSAGE'],
  [{ code: 'EPROTOCOL' }, 'DeliveryError EPROTOCOL'],
  [{}, 'DeliveryError smtp-error'],
]

for (const [error, outcome] of rows) {
  test(`${JSON.stringify(error)} is ${outcome}`, () => assert.equal(classify(error), outcome))
}

test('once the whole mail was sent, silence means that it may be delivered; a reply still decides', () => {
  assert.equal(classify({ code: 'ECONNECTION' }, true), 'DeliveryError smtp-unconfirmed')
  assert.equal(classify({ code: 'EABORT' }, true), 'DeliveryError smtp-unconfirmed')
  assert.equal(
    classify({ code: 'EMESSAGE', responseCode: 554, command: 'DATA' }, true),
    'Permanent smtp-554',
  )
})

test('every rule is reached by one of these cases', () => {
  const codes = new Set(
    rows.map(([error]) => smtpRules.findIndex(({ applies }) => applies(facts(error)))),
  )
  codes.add(smtpRules.findIndex(({ code }) => code === 'smtp-unconfirmed'))
  assert.deepEqual(
    [...codes].sort((a, b) => a - b),
    smtpRules.map((_rule, index) => index),
  )
})

test('a password is masked in every shape a server could repeat it in', () => {
  const mask = createMask(secretsOf({ user: 'u', pass: 'p&w/1' }))
  const blob = Buffer.from('\0u\0p&w/1').toString('base64')
  const alone = Buffer.from('p&w/1').toString('base64')
  assert.equal(mask(`p&w/1 ${blob} ${alone} p%26w%2F1`), '*** *** *** ***')
})

test("the channel's page shows the same table", async () => {
  const page = await readFile(
    new URL('../../docs/guides/channels/email.md', import.meta.url),
    'utf8',
  )
  const lines = smtpRules.map(
    ({ when, code, outcome, meaning }) => `| ${when} | \`${code}\` | ${outcome} | ${meaning} |`,
  )
  assert.ok(page.includes(lines.join('\n')), `expected in email.md:\n${lines.join('\n')}`)
})

function facts(error: Partial<NodemailerError>) {
  return {
    error: error.code ?? '',
    reply: error.responseCode ?? 0,
    command: error.command ?? 'CONN',
    cause: error.originalCode ?? '',
    handedOver: false,
  }
}
