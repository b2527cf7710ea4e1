import type { NodemailerError, SMTPSentMessageInfo, Transporter } from 'nodemailer'
import type { Backend } from '../../src/channel/backend.ts'
import type { Receipt } from '../../src/channel/receipt.ts'
import { type DeliveryError, missingPackage, Permanent, toError } from '../../src/errors.ts'
import { createMask } from '../../src/secret/mask.ts'
import { createAttachmentSource, loadAttachments } from './attachment-load.ts'
import type { EmailMessage, Mail } from './channel.ts'
import { composeMail } from './compose.ts'
import type { EmailOptions } from './options.ts'
import { smtpChecks } from './smtp-checks.ts'
import { secretsOf, smtpError } from './smtp-errors.ts'
import { readSmtpOptions, type SmtpOptions } from './smtp-options.ts'
import { createPool, type Flight } from './smtp-pool.ts'

type Pool = Transporter<SMTPSentMessageInfo>

/**
 * Sends e-mail over SMTP, through a pool of connections. Needs the package nodemailer, which it
 * loads when the first mail goes out.
 *
 * ```ts
 * email({ backend: smtp({ url: process.env.SMTP_URL, from: 'Shop <hello@shop.example>' }) })
 * ```
 *
 * `smtpRules` says which failure is permanent. @throws EnvoyerError `configuration-invalid`
 */
export function smtp(options: SmtpOptions): Backend<string, EmailMessage, EmailOptions> {
  const settings = readSmtpOptions(options)
  const mask = createMask(secretsOf(settings.auth))
  const { host, port } = settings
  const source = createAttachmentSource(options)
  const underWay = new Set<Promise<Receipt>>()
  let pool: Promise<Pool> | undefined

  function open(): Promise<Pool> {
    pool ??= createPool(settings).catch((error: unknown) => {
      pool = undefined // the package may be installed by the next try
      throw missingPackage(error, 'The backend smtp', 'nodemailer')
    })
    return pool
  }
  const failed = (error: unknown, handedOver: boolean): DeliveryError =>
    smtpError(toError(error) as NodemailerError, { host, port, handedOver, mask })

  async function deliver(mail: Mail): Promise<Receipt> {
    const transporter = await open()
    const attachments = await loadAttachments(mail.options.attachments, source, mail.signal)
    const flight: Flight = { handedOver: false }
    const composed = { ...composeMail(mail, settings, attachments), flight }
    const info = await transporter.sendMail(composed).catch((error: NodemailerError) => {
      // of several refusals, those of whom the mail is for, not of who gets a copy
      const refused = error.rejectedErrors?.slice(0, mail.addresses.length) ?? []
      const errors = refused.length > 0 ? refused : [error]
      throw decisive(errors.map((each) => failed(each, flight.handedOver)))
    })
    const refusals = (info.rejectedErrors ?? []).map((error) => ({
      ...{ address: error.recipient ?? '', error: failed(error, false) },
    }))
    refuseUnreached(info, refusals, mail.addresses.length)
    return receiptOf(info, refusals, mask)
  }

  return {
    name: options.name ?? 'smtp',
    send(mail) {
      const sending = deliver(mail)
      underWay.add(sending)
      const done = () => void underWay.delete(sending)
      sending.then(done, done)
      return sending
    },
    async verify() {
      const transporter = await open()
      await transporter.verify().catch((error: unknown) => {
        throw failed(error, false)
      })
    },
    checks: (ofEvents) => smtpChecks(settings, ofEvents),
    async close() {
      // the pool fails what still waits in its queue
      await Promise.allSettled(underWay)
      const opened = pool
      pool = undefined
      ;(await opened)?.close()
      await source.close()
    },
  }
}

/** Throws where nobody whom the mail is for is reached; refused copies are told, not thrown. */
function refuseUnreached(
  { envelope }: SMTPSentMessageInfo,
  refusals: readonly Refusal[],
  count: number,
): void {
  // the envelope begins with whom the mail is for
  const forWhom = envelope.to.slice(0, count)
  const lost = refusals.filter(({ address }) => forWhom.includes(address))
  if (lost.length >= forWhom.length) throw decisive(lost.map(({ error }) => error))
}

/** Of a group, one who may be reached later is worth another try. */
function decisive(errors: readonly DeliveryError[]): DeliveryError {
  return errors.find((error) => !(error instanceof Permanent)) ?? errors[0]!
}

interface Refusal {
  readonly address: string
  readonly error: DeliveryError
}

function receiptOf(
  { messageId, response, accepted, serverMessageId }: SMTPSentMessageInfo,
  refusals: readonly Refusal[],
  mask: (text: string) => string,
): Receipt {
  const refused = refusals.map(({ address, error }) => ({
    ...{ address, code: error.code, text: error.message },
  }))
  return {
    id: messageId,
    response: mask(response),
    accepted: accepted.length,
    ...(refused.length > 0 ? { refused } : {}),
    // what the server calls it, where its answer says so
    ...(serverMessageId === undefined ? {} : { serverMessageId }),
  }
}
