import type { AddressInfo } from 'node:net'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer } from 'smtp-server'

export interface ReceivedMail {
  /** The envelope's sender and recipients. */
  readonly from: string
  readonly to: readonly string[]
  readonly raw: string
  /** As postal-mime reads it. */
  readonly mail: Email
}

export interface SmtpTestServer extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** What was accepted so far. */
  readonly mails: readonly ReceivedMail[]
  /** Connections opened so far. */
  readonly connections: number
  close(): Promise<void>
}

export interface SmtpTestOptions {
  /** The reply to a recipient; `undefined` accepts it. */
  readonly refuse?: (address: string) => number | undefined
  /** What the server claims to take, in bytes. */
  readonly size?: number
  /** Time before a mail is answered. */
  readonly delayMs?: number
}

/** An SMTP server on a free port of this machine that keeps what it is sent. */
export async function startSmtp(options: SmtpTestOptions = {}): Promise<SmtpTestServer> {
  const mails: ReceivedMail[] = []
  let connections = 0
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 200,
    ...(options.size === undefined ? {} : { size: options.size }),
    onConnect(_session, done) {
      connections++
      done()
    },
    onRcptTo({ address }, _session, done) {
      const code = options.refuse?.(address)
      if (code === undefined) return done()
      done(Object.assign(new Error('refused by the test'), { responseCode: code }))
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (stream.sizeExceeded) {
          return done(Object.assign(new Error('too large'), { responseCode: 552 }))
        }
        const raw = Buffer.concat(chunks).toString('latin1')
        const { mailFrom, rcptTo } = session.envelope
        PostalMime.parse(Buffer.concat(chunks)).then((mail) => {
          const from = mailFrom === false ? '' : mailFrom.address
          mails.push({ from, to: rcptTo.map(({ address }) => address), raw, mail })
          setTimeout(done, options.delayMs ?? 0)
        }, done)
      })
    },
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  server.on('error', () => {}) // connections that a test cuts
  const { port } = server.server.address() as AddressInfo
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return {
    port,
    url: `smtp://127.0.0.1:${port}`,
    mails,
    get connections() {
      return connections
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
