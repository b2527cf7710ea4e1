import type { SendMailOptions } from 'nodemailer'
import { Permanent } from '../../src/errors.ts'
import { domainOf, parseMailbox } from './address.ts'
import type { LoadedAttachment } from './attachment-load.ts'
import type { EmailMessage, Mail } from './channel.ts'
import {
  type Header,
  headerProblem,
  type ListUnsubscribe,
  oneLine,
  parseListUnsubscribe,
  unsubscribeHeaders,
} from './header.ts'
import type { Settings } from './smtp-options.ts'

/**
 * The mail as nodemailer takes it. Addresses go as objects and headers as a list: a text would be
 * parsed again, and an object with the keys `key` and `value` would be taken for any header.
 */
export function composeMail(
  mail: Mail,
  settings: Settings,
  attachments: readonly LoadedAttachment[],
): SendMailOptions {
  const { options } = mail
  const message: EmailMessage = mail.message
  const from = options.from === undefined ? settings.from : parseMailbox(options.from)
  const to = mail.addresses.map(entry)
  const cc = list(options.cc)
  const bcc = list(options.bcc)
  const replyTo = list(options.replyTo ?? settings.replyTo)
  const sender = settings.returnPath ?? from.address
  return {
    from: { name: from.name ?? '', address: from.address },
    to,
    ...(cc.length > 0 ? { cc } : {}),
    ...(replyTo.length > 0 ? { replyTo } : {}),
    subject: oneLine(message.subject),
    ...(message.text === undefined ? {} : { text: message.text }),
    ...(message.html === undefined ? {} : { html: message.html }),
    // the same on every attempt, so that a mail that went out twice can be told by its receivers
    messageId: messageId(mail.id, from.address),
    date: mail.startedAt,
    headers: headersOf(mail, settings).map(toNodemailer),
    ...(attachments.length > 0 ? { attachments: attachments.map((one) => ({ ...one })) } : {}),
    // bcc is in the envelope only
    envelope: { from: { name: '', address: sender }, to: [...to, ...cc, ...bcc] },
    signal: mail.signal,
  }
}

/** RFC 5322, section 3.6.4: unique by the domain, and the delivery's id within it. */
export function messageId(id: string, from: string): string {
  return `<${id}@${domainOf(from)}>`
}

function entry(text: string) {
  const { name = '', address } = parseMailbox(text)
  return { name, address }
}

function list(value: string | readonly string[] | undefined) {
  if (value === undefined) return []
  return typeof value === 'string' ? [entry(value)] : value.map(entry)
}

function headersOf(mail: Mail, settings: Settings): Header[] {
  const own = mail.options.headers ?? {}
  const replaced = new Set(Object.keys(own).map((name) => name.toLowerCase()))
  const entries = [
    ...Object.entries(settings.headers).filter(([name]) => !replaced.has(name.toLowerCase())),
    ...Object.entries(own),
  ]
  const headers = entries.map(([name, value]) => {
    // checked when they were given, and again here: options may have been stored by other hands
    const problem = headerProblem(name, value)
    if (problem !== undefined) throw invalid(problem)
    return { name, value }
  })
  // of a group, whoever clicks would unsubscribe the first
  const ofRecipient = mail.addresses.length === 1 ? settings.options.listUnsubscribe : undefined
  const unsubscribe = mail.options.listUnsubscribe ?? ofRecipient?.(mail)
  return unsubscribe === undefined
    ? headers
    : [...headers, ...unsubscribeHeaders(checked(unsubscribe))]
}

function checked(unsubscribe: ListUnsubscribe): ListUnsubscribe {
  try {
    return parseListUnsubscribe(unsubscribe)
  } catch (error) {
    throw invalid(`listUnsubscribe: ${(error as Error).message}`)
  }
}

function invalid(problem: string): Permanent {
  return new Permanent(`The mail cannot be made: ${problem}.`, { code: 'mail-invalid' })
}

function toNodemailer({ name, value }: Header) {
  // an encoded word between angle brackets would be no URL any more
  const prepared = name === 'List-Unsubscribe'
  return { key: name, value: prepared ? { prepared, foldLines: true, value } : value }
}
