import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import PostalMime from 'postal-mime'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { emailAddress } from '../../channels/email/address.ts'
import { type EmailMessage, type EmailOptions, smtp } from '../../channels/email/index.ts'
import type { BackendSite, ReceivedMessage } from '../../src/testing/index.ts'
import { checkBackend } from '../support/check-all.ts'
import { openGate } from '../support/gate.ts'

/** A server that wants a password, and repeats it in whatever it refuses. */
async function startMailServer() {
  const password = randomBytes(12).toString('hex')
  const received: ReceivedMessage[] = []
  const trouble = { refused: new Set<string>(), busy: false }
  const say = (text: string, responseCode: number) =>
    Object.assign(new Error(`${text} (you came with ${password})`), { responseCode })

  const onRcptTo: SMTPServerOptions['onRcptTo'] = ({ address }, _session, done) => {
    if (trouble.busy) return done(say('Try again later', 451))
    done(trouble.refused.has(address) ? say('No such mailbox', 550) : undefined)
  }
  const onData: SMTPServerOptions['onData'] = (stream, { envelope }, done) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', async () => {
      const { text = '', messageId } = await PostalMime.parse(Buffer.concat(chunks))
      for (const { address } of envelope.rcptTo) {
        received.push({ to: address, text, id: String(messageId) })
      }
      done()
    })
  }
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 200,
    onAuth: (auth, _session, done) =>
      auth.password === password
        ? done(null, { user: 'shop' })
        : done(Object.assign(new Error(`${auth.password} is wrong`), { responseCode: 535 })),
    ...{ onRcptTo, onData },
  })
  server.on('error', () => {}) // connections that a check cuts
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const gate = await openGate((server.server.address() as AddressInfo).port)
  const make = (pass = password) =>
    smtp({ url: `smtp://shop:${pass}@127.0.0.1:${gate.port}`, from: 'hello@shop.example' })
  const stop = async () => {
    await gate.close()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return { password, received, trouble, gate, make, stop }
}

type MailServer = Awaited<ReturnType<typeof startMailServer>>
const wrong = 'a-wrong-password'

const site: BackendSite<string, EmailMessage, EmailOptions, MailServer> = {
  start: startMailServer,
  stop: ({ stop }) => stop(),
  backend: ({ make }) => make(),
  address: (n) => `jane.${n}@customer.example`,
  key: emailAddress.key,
  message: (text) => ({ subject: 'A check', text }),
  received: ({ received }) => received,
  secrets: ({ password }) =>
    [password, wrong].flatMap((secret) => [
      secret,
      Buffer.from(secret).toString('base64'),
      Buffer.from(`\0shop\0${secret}`).toString('base64'),
    ]),
  ...{ takesIds: true, verifies: true, sendsMany: false, groups: true },
  refuse: ({ trouble }, address) => trouble.refused.add(address),
  fail({ trouble }) {
    trouble.busy = true
  },
  // SMTP knows no such answer.
  pause: null,
  hang: ({ gate }) => gate.swallow(),
  down: ({ gate }) => gate.shut(),
  mend({ gate, trouble }) {
    trouble.busy = false
    trouble.refused.clear()
    return gate.open()
  },
  unauthorized: ({ make }) => make(wrong),
}

checkBackend('smtp', site)
