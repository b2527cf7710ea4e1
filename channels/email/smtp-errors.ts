import type { NodemailerError } from 'nodemailer'
import { type Outcome, outcomeError } from '../../src/channel/outcome.ts'
import type { DeliveryError } from '../../src/errors.ts'
import { oneLine } from './header.ts'

/** What is known of a failure. */
export interface Failure {
  /** nodemailer's code. */
  readonly error: string
  /** The server's reply code, 0 where there was none. */
  readonly reply: number
  /** What the server answered, e.g. `RCPT TO`; `CONN` for the connection. */
  readonly command: string
  /** The code of the operating system or of TLS. */
  readonly cause: string
  /** True where the whole mail was handed to the connection. */
  readonly handedOver: boolean
}

export interface SmtpRule {
  /** In words, as in the channel's page. */
  readonly when: string
  /** The code of the attempt; `NNN` is the server's reply. */
  readonly code: string
  readonly outcome: Outcome
  readonly meaning: string
  readonly applies: (failure: Failure) => boolean
}

const before = new Set(['CONN', 'EHLO', 'HELO', 'LHLO', 'STARTTLS'])
const tlsCause = /CERT|SELF_SIGNED|UNABLE_TO_|^ERR_(?:TLS|SSL)/
const is = (error: string) => (failure: Failure) => failure.error === error

/** The first rule that applies decides. `docs/guides/channels/email.md` shows the same table. */
export const smtpRules: readonly SmtpRule[] = [
  {
    when: 'Reply 421, at any point',
    code: 'smtp-421',
    outcome: 'temporary',
    meaning: 'The server closes the connection: overloaded, or it has had enough of this one.',
    applies: ({ reply }) => reply === 421,
  },
  {
    when: 'No reply after the whole mail was sent: connection cut, time up',
    code: 'smtp-unconfirmed',
    outcome: 'temporary',
    meaning:
      'The server may have accepted the mail; the next try may deliver it once more, with the same Message-ID.',
    applies: ({ reply, handedOver }) => reply === 0 && handedOver,
  },
  {
    when: 'Login refused, or required and not given (reply 530, 534, 535, 538, or any to AUTH)',
    code: 'smtp-NNN, else EAUTH',
    outcome: 'hold',
    meaning: 'The credentials of the backend are wrong or missing.',
    applies: ({ error, reply }) =>
      /^(?:EAUTH|ENOAUTH|EOAUTH2)$/.test(error) || [530, 534, 535, 538].includes(reply),
  },
  {
    when: 'STARTTLS refused or missing, certificate not accepted',
    code: 'smtp-NNN, else ETLS',
    outcome: 'hold',
    meaning: 'The connection cannot be encrypted as configured.',
    applies: ({ error, cause }) => error === 'ETLS' || tlsCause.test(cause),
  },
  {
    when: 'Reply 5xx before a mail was begun (greeting, EHLO)',
    code: 'smtp-NNN',
    outcome: 'hold',
    meaning: 'The server does not want to talk to us, for instance because of our IP address.',
    applies: ({ reply, command }) => reply >= 500 && before.has(command),
  },
  {
    when: 'Reply 503',
    code: 'smtp-503',
    outcome: 'temporary',
    meaning: 'The session was out of step; another connection may do.',
    applies: ({ reply }) => reply === 503,
  },
  {
    when: 'Any other reply 5xx (to MAIL FROM, RCPT TO, DATA)',
    code: 'smtp-NNN',
    outcome: 'permanent',
    meaning:
      'Refused for good: no such mailbox, sender not allowed, mail too large, taken for spam.',
    applies: ({ reply }) => reply >= 500,
  },
  {
    when: 'Any other reply (4xx)',
    code: 'smtp-NNN',
    outcome: 'temporary',
    meaning: 'Not now: greylisting, mailbox full, too many mails, out of space.',
    applies: ({ reply }) => reply > 0,
  },
  {
    when: 'The mail itself cannot be sent: over the size that the server announced',
    code: 'EENVELOPE, EMESSAGE',
    outcome: 'permanent',
    meaning: 'Found before anything was sent.',
    applies: ({ error }) => /^(?:EENVELOPE|EMESSAGE|EMAXRECIPIENTS)$/.test(error),
  },
  {
    when: 'The attempt was stopped: time up, or the worker stops',
    code: 'aborted',
    outcome: 'temporary',
    meaning: 'The connection was closed before the whole mail was sent.',
    applies: is('EABORT'),
  },
  {
    when: 'Connection refused, cut or silent; host not found',
    code: 'ECONNECTION, ETIMEDOUT, ESOCKET, EDNS',
    outcome: 'temporary',
    meaning: 'The server cannot be reached.',
    applies: ({ error }) => /^(?:ECONNECTION|ETIMEDOUT|ESOCKET|EDNS)$/.test(error),
  },
  {
    when: 'Anything else',
    code: "the error's own",
    outcome: 'temporary',
    meaning: 'Unknown, for instance an answer that is not SMTP (EPROTOCOL).',
    applies: () => true,
  },
]

const maxTextLength = 1_000

/** What belongs to a failure besides nodemailer's error. */
export interface FailureContext {
  readonly host: string
  readonly port: number
  readonly handedOver: boolean
  /** Takes what is secret out of a text. */
  readonly mask: (text: string) => string
}

/**
 * The error to throw for one of nodemailer's. The original is not kept as its cause: its text may
 * repeat what the server repeated of our login.
 */
export function smtpError(error: NodemailerError, context: FailureContext): DeliveryError {
  const reply = error.responseCode ?? 0
  const failure: Failure = {
    error: error.code ?? '',
    reply,
    command: error.command ?? 'CONN',
    cause: error.originalCode ?? '',
    handedOver: context.handedOver,
  }
  const rule = smtpRules.find(({ applies }) => applies(failure))!
  const said = oneLine(context.mask(error.response ?? error.message)).slice(0, maxTextLength)
  const exchange = {
    request: { host: context.host, port: context.port, command: failure.command },
    ...(error.response === undefined ? {} : { response: said }),
  }
  const what = reply > 0 ? `The server answered ${failure.command} with ${said}` : said
  const text =
    rule.code === 'smtp-unconfirmed' ? `${what} (the server may have accepted the mail)` : what
  return outcomeError(rule.outcome, codeFor(rule, failure), { text, exchange })
}

/** A password, as it is and as SMTP sends it. */
export function secretsOf(auth: { user: string; pass: string } | undefined): string[] {
  if (auth === undefined || auth.pass === '') return []
  const { user, pass } = auth
  return [pass, ...[`\0${user}\0${pass}`, pass].map((text) => Buffer.from(text).toString('base64'))]
}

function codeFor(rule: SmtpRule, { error, reply }: Failure): string {
  if (rule.code === 'smtp-unconfirmed' || rule.code === 'aborted') return rule.code
  if (reply > 0) return `smtp-${reply}`
  if (rule.code.endsWith('ETLS')) return 'ETLS'
  return error === '' ? 'smtp-error' : error
}
