import { Transform, type TransformCallback } from 'node:stream'
import type { DKIMOptions, SMTPSentMessageInfo, Transporter } from 'nodemailer'
import type { Settings } from './smtp-options.ts'

/** What one mail's sending notes down for the case that it fails. */
export interface Flight {
  /** True once the whole mail was read by the connection: from then on it may be delivered. */
  handedOver: boolean
}

/** RFC 6376, section 5.4.1, and both fields of RFC 8058: nodemailer leaves out the latter's second. */
export const signedFields =
  `From:Sender:Reply-To:Subject:Date:Message-ID:To:Cc:MIME-Version:Content-Type:
  Content-Transfer-Encoding:In-Reply-To:References:List-Id:List-Help:List-Unsubscribe:
  List-Unsubscribe-Post:List-Subscribe:List-Post:List-Owner:List-Archive`.replace(/\s+/g, '')

/** Loads nodemailer and makes its pool; no connection is opened before the first mail. */
export async function createPool(settings: Settings): Promise<Transporter<SMTPSentMessageInfo>> {
  const { createTransport } = await import('nodemailer')
  const { host, port, secure, auth, starttls, options } = settings
  const { connectMs = 10_000, greetingMs = 10_000, silenceMs = 60_000 } = options.timeouts ?? {}
  const transporter = createTransport({
    pool: true,
    host,
    port,
    secure,
    ...(auth === undefined ? {} : { auth: { ...auth } }),
    requireTLS: starttls === 'required',
    ignoreTLS: starttls === 'never',
    ...(options.tls === undefined ? {} : { tls: { ...options.tls } }),
    ...(options.clientName === undefined ? {} : { name: options.clientName }),
    ...(options.dkim === undefined ? {} : { dkim: signing(options.dkim) }),
    maxConnections: options.connections ?? 5,
    // its default of 100 halves the throughput
    maxMessages: options.messagesPerConnection ?? Number.POSITIVE_INFINITY,
    // a mail may find every open connection dead once; further tries are the outbox's
    maxRequeues: options.connections ?? 5,
    dnsTimeout: connectMs,
    connectionTimeout: connectMs,
    greetingTimeout: greetingMs,
    socketTimeout: silenceMs,
    // attachments are read by us; nothing in a mail makes nodemailer open a file or a URL
    disableFileAccess: true,
    disableUrlAccess: true,
    maxRecipients: 0,
  })
  // failures reach the mail that they concern; without a listener this event would end the process
  transporter.on('error', () => {})
  transporter.use('stream', (mail, done) => {
    mail.message.transform(() => new Gathering())
    watch(mail.message, (mail.data as { flight?: Flight }).flight)
    done()
  })
  return transporter
}

function signing(dkim: NonNullable<Settings['options']['dkim']>): DKIMOptions {
  return { ...dkim, headerFieldNames: signedFields }
}

/** Most mails are one piece. */
const pieceBytes = 64 * 1024

/** nodemailer hands a mail over line by line; each piece that leaves here is a write to the socket. */
class Gathering extends Transform {
  #chunks: Buffer[] = []
  #bytes = 0

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes >= pieceBytes) this.#handOn()
    done()
  }

  override _flush(done: TransformCallback): void {
    this.#handOn()
    done()
  }

  #handOn(): void {
    if (this.#bytes > 0) this.push(Buffer.concat(this.#chunks, this.#bytes))
    this.#chunks = []
    this.#bytes = 0
  }
}

interface Readable {
  once(event: 'end', listener: () => void): unknown
}

/** nodemailer's errors do not tell whether the mail had gone out: its last byte being read does. */
function watch<S extends Readable>(
  message: { createReadStream(options?: object): S },
  flight: Flight | undefined,
): void {
  if (flight === undefined) return
  const create = message.createReadStream.bind(message)
  message.createReadStream = (options) => {
    const stream = create(options)
    flight.handedOver = false
    stream.once('end', () => {
      flight.handedOver = true
    })
    return stream
  }
}
