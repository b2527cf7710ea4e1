import type { AddressInfo } from 'node:net'
import PostalMime from 'postal-mime'
import { SMTPServer } from 'smtp-server'

/** A mail as it arrived: what a mail program would make of it. */
export interface ArrivedMail {
  readonly to: string
  /** Carries the id of the delivery: `<id@domain of the sender>`. */
  readonly messageId: string
  readonly subject: string
  readonly html: string
  readonly text: string
}

export interface MailServer extends AsyncDisposable {
  readonly url: string
  readonly mails: readonly ArrivedMail[]
}

async function read(raw: Buffer, to: string): Promise<ArrivedMail> {
  const { messageId = '', subject = '', html = '', text = '' } = await PostalMime.parse(raw)
  return { to, messageId, subject, html, text }
}

/**
 * A real SMTP server on a free port of this machine, in place of the provider's. It refuses the
 * addresses that `refuses` names with 550, "no such mailbox", and keeps the mails for others.
 */
export async function startMailServer(refuses: (address: string) => boolean): Promise<MailServer> {
  const mails: ArrivedMail[] = []
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 500,
    onRcptTo({ address }, _session, done) {
      if (!refuses(address)) return done()
      done(Object.assign(new Error('No such mailbox'), { responseCode: 550 }))
    },
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const to = envelope.rcptTo.map(({ address }) => address).join(', ')
        read(Buffer.concat(chunks), to).then((mail) => {
          mails.push(mail)
          done()
        }, done)
      })
    },
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  server.on('error', () => {}) // a connection that is cut while the demo is stopped
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
