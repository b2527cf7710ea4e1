import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { decodeWords } from 'postal-mime'
import { type SmtpOptions, smtp } from '../../channels/email/index.ts'
import { readSmtpOptions } from '../../channels/email/smtp-options.ts'
import { DeliveryError, EnvoyerError, Permanent } from '../../src/errors.ts'
import { type SmtpTestServer, startSmtp } from '../support/smtp.ts'
import { mailTo } from '../support/smtp-mail.ts'
import { typescript } from '../support/typescript.ts'

let server: SmtpTestServer
before(async () => {
  server = await startSmtp({
    refuse: (address) =>
      address.startsWith('no') ? 550 : address.startsWith('later') ? 450 : undefined,
  })
})
after(() => server.close())

/** A backend of the server above, closed when the test ends. */
function backendOf(t: { after(done: () => Promise<void>): void }, over: Partial<SmtpOptions> = {}) {
  const backend = smtp({ url: server.url, from: 'Shop <hello@shop.example>', ...over })
  t.after(() => backend.close!())
  return backend
}

test('a mail arrives with its parts, names and headers, and the receipt says so', async (t) => {
  const backend = backendOf(t, {
    replyTo: 'help@shop.example',
    headers: { 'X-Shop': 'a', 'X-Env': 'test' },
  })
  const receipt = await backend.send(
    mailTo('"Doe, Jane" <jane@customer.example>', {
      message: { subject: ' Your order\n is größer ', html: '<p>é</p>', text: 'é' },
      options: { headers: { 'x-shop': 'ü' } },
      startedAt: new Date('2026-03-05T10:00:00Z'),
    }),
  )
  const { from, to, mail } = server.mails.at(-1)!
  assert.deepEqual([from, to], ['hello@shop.example', ['jane@customer.example']])
  assert.deepEqual(mail.from, { name: 'Shop', address: 'hello@shop.example' })
  assert.deepEqual(mail.to, [{ name: 'Doe, Jane', address: 'jane@customer.example' }])
  assert.equal(mail.replyTo?.[0]?.address, 'help@shop.example')
  assert.equal(mail.subject, 'Your order is größer')
  assert.deepEqual([mail.html?.trim(), mail.text?.trim()], ['<p>é</p>', 'é'])
  const header = (key: string) =>
    mail.headers.filter((one) => one.key === key).map(({ value }) => decodeWords(value))
  assert.deepEqual([header('x-shop'), header('x-env')], [['ü'], ['test']])
  assert.deepEqual(receipt, {
    id: '<0193f3a0-0000-7000-8000-000000000001@shop.example>',
    response: '250 OK: message queued',
    accepted: 1,
  })
  assert.equal(mail.messageId, receipt.id)
  // Of the try, and not by the clock of this machine.
  assert.equal(Date.parse(mail.date!), Date.UTC(2026, 2, 5, 10))
})

test('the Message-ID is the same on a retry, and of the domain of the sender used', async (t) => {
  const backend = backendOf(t)
  const first = await backend.send(mailTo('jane@x.example'))
  const second = await backend.send(mailTo('jane@x.example', { attempt: 2 }))
  assert.equal(first.id, second.id)
  const options = { from: 'Büro <post@münchen.example>' }
  const { id } = await backend.send(mailTo('jane@x.example', { options }))
  assert.match(id!, /@xn--mnchen-3ya\.example>$/)
})

test('copies go out: cc is named in the mail, bcc is not; bounces go where they are wanted', async (t) => {
  const backend = backendOf(t, { returnPath: 'bounces@shop.example' })
  const options = { cc: ['C <c@x.example>'], bcc: 'b@x.example' }
  await backend.send(mailTo('jane@x.example', { options }))
  const { from, to, mail, raw } = server.mails.at(-1)!
  assert.equal(from, 'bounces@shop.example')
  assert.deepEqual(to, ['jane@x.example', 'c@x.example', 'b@x.example'])
  assert.deepEqual(mail.cc, [{ name: 'C', address: 'c@x.example' }])
  assert.doesNotMatch(raw, /b@x\.example/)
})

test('a refused copy is told by the receipt; a refused recipient is a failure, copies or not', async (t) => {
  const backend = backendOf(t)
  const receipt = await backend.send(
    mailTo('jane@x.example', { options: { cc: 'no1@x.example', bcc: 'b@x.example' } }),
  )
  assert.equal(receipt.accepted, 2)
  assert.deepEqual(
    receipt.refused?.map(({ address, code }) => [address, code]),
    [['no1@x.example', 'smtp-550']],
  )
  await assert.rejects(
    backend.send(mailTo('no2@x.example', { options: { cc: 'jane@x.example' } })),
    (error: unknown) => error instanceof Permanent && error.code === 'smtp-550',
  )
})

test('a mail to a group goes to all of it; whom the server refuses is told, while it takes others', async (t) => {
  const backend = backendOf(t)
  const addresses = ['Ann <ann@x.example>', 'no1@x.example', 'ben@x.example']
  const receipt = await backend.send(mailTo(addresses[0]!, { addresses }))
  const { to, mail } = server.mails.at(-1)!
  assert.deepEqual(to, ['ann@x.example', 'ben@x.example'])
  assert.deepEqual(
    mail.to?.map(({ address }) => address),
    ['ann@x.example', 'no1@x.example', 'ben@x.example'],
  )
  assert.deepEqual(receipt.refused, [
    { address: 'no1@x.example', code: 'smtp-550', text: receipt.refused?.[0]?.text },
  ])
  assert.match(receipt.refused?.[0]?.text ?? '', /550 refused by the test/)
  await assert.rejects(
    backend.send(mailTo('no1@x.example', { addresses: ['no1@x.example', 'no2@x.example'] })),
    (error: unknown) => error instanceof Permanent && error.code === 'smtp-550',
  )
})

test('a group of which one may be reached later is tried again', async (t) => {
  const backend = backendOf(t)
  const addresses = ['no1@x.example', 'later@x.example']
  for (const options of [{}, { cc: 'jane@x.example' }]) {
    await assert.rejects(
      backend.send(mailTo(addresses[0]!, { addresses, options })),
      (error: unknown) =>
        error instanceof DeliveryError &&
        !(error instanceof Permanent) &&
        error.code === 'smtp-450',
    )
  }
})

test('of several refusals, that of the recipient decides, not that of a copy', async (t) => {
  const codes: Record<string, number> = { 'main@x.example': 450, 'copy@x.example': 550 }
  await using other = await startSmtp({ refuse: (address) => codes[address] })
  const backend = smtp({ url: other.url, from: 'a@shop.example' })
  t.after(() => backend.close!())
  const send = (to: string, cc: string) => backend.send(mailTo(to, { options: { cc } }))
  await assert.rejects(send('main@x.example', 'copy@x.example'), {
    name: 'DeliveryError',
    code: 'smtp-450',
  })
  await assert.rejects(send('copy@x.example', 'main@x.example'), {
    name: 'Permanent',
    code: 'smtp-550',
  })
})

test('connections are kept and shared: 60 mails go over no more than the configured number', async (t) => {
  await using other = await startSmtp()
  const backend = smtp({ url: other.url, from: 'a@shop.example', connections: 2 })
  t.after(() => backend.close!())
  const mails = Array.from({ length: 60 }, (_, n) => mailTo(`r${n}@x.example`))
  await Promise.all(mails.map((mail) => backend.send(mail)))
  assert.equal(other.mails.length, 60)
  assert.ok(other.connections <= 2, `${other.connections} connections`)
})

test('an aborted attempt ends at once, and the next mail is sent', {
  timeout: 10_000,
}, async (t) => {
  await using slow = await startSmtp({ delayMs: 2_000 })
  const backend = smtp({ url: slow.url, from: 'a@shop.example', connections: 1 })
  t.after(() => backend.close!())
  const start = performance.now()
  const signal = AbortSignal.timeout(500)
  // the server had the whole mail by then: nobody can say whether it will deliver it
  await assert.rejects(backend.send(mailTo('a@x.example', { signal })), {
    code: 'smtp-unconfirmed',
  })
  assert.ok(performance.now() - start < 1_500)
  const stopped = AbortSignal.abort()
  await assert.rejects(backend.send(mailTo('a@x.example', { signal: stopped })), {
    code: 'aborted',
  })
  await backend.send(mailTo('b@x.example'))
})

test('close waits for mails under way, and can be called twice', async () => {
  await using slow = await startSmtp({ delayMs: 300 })
  const backend = smtp({ url: slow.url, from: 'a@shop.example', connections: 1 })
  const sent = Promise.all(['a', 'b'].map((name) => backend.send(mailTo(`${name}@x.example`))))
  await backend.close!()
  assert.equal((await sent).length, 2)
  await backend.close!()
})

test('a mail over the size that the server takes is not tried again', async (t) => {
  await using small = await startSmtp({ size: 2_000 })
  const backend = smtp({ url: small.url, from: 'a@shop.example' })
  t.after(() => backend.close!())
  const message = { subject: 'big', text: 'x'.repeat(10_000) }
  await assert.rejects(backend.send(mailTo('a@x.example', { message })), {
    name: 'Permanent',
    code: 'smtp-552',
  })
})

test('a server that cannot be reached or greets with a refusal is told by verify and by send', async (t) => {
  const refusing = createServer((socket) => socket.end('554 5.7.1 your address is blocked\r\n'))
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve))
  t.after(() => refusing.close())
  const { port } = refusing.address() as { port: number }
  const backend = backendOf(t, { url: `smtp://127.0.0.1:${port}` })
  await assert.rejects(backend.send(mailTo('a@x.example')), {
    name: 'RetryAfter',
    code: 'smtp-554',
    scope: 'backend',
    delayMs: 300_000,
  })
  const nobody = backendOf(t, { url: 'smtp://127.0.0.1:1' })
  await assert.rejects(nobody.verify!(), { name: 'DeliveryError', code: 'ESOCKET' })
  await assert.rejects(nobody.send(mailTo('a@x.example')), {
    code: 'ESOCKET',
    message: /ECONNREFUSED/,
  })
  await backendOf(t).verify!()
})

test('a configuration is refused with all its problems, and no password among them', () => {
  const options = {
    url: 'smtp://user:hunter2@host/?pool=true',
    from: 'nobody',
    replyTo: 'x',
    headers: { From: 'x' },
    dkim: { domainName: 'shop.example', keySelector: 's1', privateKey: 'hunter2' },
    attachmentAllow: ['not a host!'],
    connections: 0.5,
    messagesPerConnection: 0,
    timeouts: { connectMs: 2 ** 31, greetingMs: Number.NaN, silenceMs: Number.POSITIVE_INFINITY },
  }
  assert.throws(
    () => smtp(options),
    (error: unknown) => {
      assert.ok(error instanceof EnvoyerError)
      assert.equal(error.code, 'configuration-invalid')
      const named = error.problems.map((problem) => /`([\w.]+)`/.exec(problem)?.[1])
      assert.deepEqual(named, [
        'url',
        'from',
        'replyTo',
        'headers',
        'dkim',
        'attachmentAllow',
        'connections',
        'messagesPerConnection',
        'timeouts.connectMs',
        'timeouts.greetingMs',
        'timeouts.silenceMs',
      ])
      assert.doesNotMatch(error.message, /hunter2/)
      return true
    },
  )
  assert.throws(() => smtp({ from: 'a@b.c' }), /either `url` or `host`/)
  assert.throws(() => smtp({ host: 'h', url: 'smtp://h', from: 'a@b.c' }), /either `url` or `host`/)
})

test('a URL says where to connect and how to log in; a password does not cross a network in the clear', () => {
  const server = (over: Partial<SmtpOptions>) => {
    const { host, port, secure, auth, starttls } = readSmtpOptions({ from: 'a@b.c', ...over })
    return [host, port, secure, auth?.user, auth?.pass, starttls]
  }
  assert.deepEqual(server({ url: 'smtp://mail.example' }), [
    ...['mail.example', 587, false, undefined, undefined, 'offered'],
  ])
  assert.deepEqual(server({ url: 'smtp://a%40b:p%2Fw@mail.example:2525' }), [
    ...['mail.example', 2525, false, 'a@b', 'p/w', 'required'],
  ])
  const login = { auth: { user: 'u', pass: 'p' } }
  assert.deepEqual(server({ url: 'smtps://[::1]', ...login }), [
    '::1',
    465,
    true,
    'u',
    'p',
    'offered',
  ])
  assert.deepEqual(server({ host: 'mail.example', port: 465 }).slice(1, 3), [465, true])
  assert.equal(server({ host: '127.0.0.1', ...login }).at(-1), 'offered')
  assert.equal(server({ host: '127.example.com', ...login }).at(-1), 'required')
  assert.equal(server({ host: 'mail.example', ...login, starttls: 'never' }).at(-1), 'never')
})

test('without nodemailer, the first mail fails with the command that installs it', async () => {
  const script = `
    import { register } from 'node:module'
    register('data:text/javascript,' + encodeURIComponent(\`
      export const resolve = (name, context, next) => {
        if (name !== 'nodemailer') return next(name, context)
        throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
      }\`))
    const { smtp } = await import('./channels/email/index.ts')
    const backend = smtp({ host: 'localhost', from: 'a@b.c' })
    await backend.verify().catch((error) => console.log(error.code, '|', error.message))
    await backend.close()`
  const arguments_ = [...typescript, '--input-type=module', '-e', script]
  const { stdout } = await promisify(execFile)(process.execPath, arguments_)
  assert.match(stdout, /^package-missing \| .*npm install nodemailer/)
})
