import { createPrivateKey, type KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { unknownKeys } from '../../src/channel/known-keys.ts'
import { checkTimeout, countProblem } from '../../src/channel/numbers.ts'
import { EnvoyerError } from '../../src/errors.ts'
import { parseAllowList } from '../../src/guard/address.ts'
import { type Mailbox, parseMailbox } from './address.ts'
import type { Mail } from './channel.ts'
import type { ListUnsubscribe } from './header.ts'
import { mailboxes, parseHeaders } from './options.ts'

export interface SmtpOptions {
  /** `smtp://user:password@host:587` or, for TLS from the first byte, `smtps://host:465`. */
  readonly url?: string
  /** Instead of `url`. */
  readonly host?: string
  /** The server's port. Default: 465 with `secure`, else 587. */
  readonly port?: number
  /** TLS from the first byte, as on port 465. Default: on port 465 only. */
  readonly secure?: boolean
  /** The credentials, where they are not in `url`. Default: none. */
  readonly auth?: { readonly user: string; readonly pass: string }
  /**
   * Without `secure`: whether the connection must be, is (where the server offers it), or is not
   * encrypted by STARTTLS. Default: `required` where a password would go over a network, else
   * `offered`.
   */
  readonly starttls?: 'required' | 'offered' | 'never'
  /** How the server's certificate is checked. */
  readonly tls?: {
    /** Certificate authorities (PEM) to trust instead of the system's. */
    readonly ca?: string
    /** Default true. */
    readonly rejectUnauthorized?: boolean
    /** The name that the certificate must have. Default: `host`. */
    readonly servername?: string
  }
  /** The sender, in `From` and towards the server: `Shop <hello@shop.example>`. */
  readonly from: string
  /** Where answers go, instead of to `from`. */
  readonly replyTo?: string | readonly string[]
  /** Where bounces go, instead of to `from`. */
  readonly returnPath?: string
  /** Headers of every mail; those of `channelOptions` win. */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Where the recipient of this mail can end such mails: `{ url?, mailto? }`. A function, because
   * the URL must tell the recipient apart (RFC 8058, section 3.1).
   */
  readonly listUnsubscribe?: (mail: Mail) => ListUnsubscribe | undefined
  /** Signs every mail (RFC 6376). `privateKey`: RSA, PEM, 1024 bits at least (RFC 8301). */
  readonly dkim?: {
    readonly domainName: string
    readonly keySelector: string
    readonly privateKey: string
  }
  /** Folders from which `attachments: [{ path }]` may be read. Default: none. */
  readonly attachmentRoots?: readonly string[]
  /** Own networks and hosts from which `attachments: [{ url }]` may be fetched. Default: none. */
  readonly attachmentAllow?: readonly string[]
  /** All attachments of a mail together. Default 20,000,000. */
  readonly maxAttachmentBytes?: number
  /** Open at once, from this process. Default 5. */
  readonly connections?: number
  /** For servers that end a connection after so many. Default: no limit. */
  readonly messagesPerConnection?: number
  /** How long the server may take. Default: 10 s to connect, 10 s to greet, 60 s of silence. */
  readonly timeouts?: {
    /** DNS, TCP and TLS. Default 10,000. */
    readonly connectMs?: number
    /** The server's first line. Default 10,000. */
    readonly greetingMs?: number
    /** No byte from the server. Default 60,000. */
    readonly silenceMs?: number
  }
  /** What the server is greeted with. Default: the machine's name. */
  readonly clientName?: string
  /** Kept with each delivery. Default `smtp`. */
  readonly name?: string
}

export interface Server {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly auth: { readonly user: string; readonly pass: string } | undefined
  readonly starttls: 'required' | 'offered' | 'never'
}

export interface Settings extends Server {
  readonly from: Mailbox
  readonly replyTo: readonly string[]
  readonly returnPath: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly options: SmtpOptions
}

const optionNames = [
  ...['url', 'host', 'port', 'secure', 'auth', 'starttls', 'tls', 'from', 'replyTo', 'returnPath'],
  ...['headers', 'listUnsubscribe', 'dkim', 'attachmentRoots', 'attachmentAllow', 'connections'],
  ...['maxAttachmentBytes', 'messagesPerConnection', 'timeouts', 'clientName', 'name'],
]

/** Checks everything at once. @throws EnvoyerError `configuration-invalid` */
export function readSmtpOptions(options: SmtpOptions): Settings {
  const problems = unknownKeys(options, optionNames).map((line) => `smtp: ${line}`)
  const read = <T>(name: string, fallback: T, parse: () => T): T => {
    try {
      return parse()
    } catch (error) {
      problems.push(`smtp: \`${name}\`: ${(error as Error).message}`)
      return fallback
    }
  }
  const { replyTo, returnPath, headers, dkim } = options
  const settings: Settings = {
    ...read('url', nowhere, () => readServer(options)),
    from: read('from', nobody, () => parseMailbox(options.from)),
    replyTo: replyTo === undefined ? [] : read('replyTo', [], () => mailboxes(replyTo)),
    returnPath:
      returnPath === undefined
        ? undefined
        : read('returnPath', '', () => parseMailbox(returnPath).address),
    headers: headers === undefined ? {} : read('headers', {}, () => parseHeaders(headers)),
    options,
  }
  if (dkim !== undefined) read('dkim', undefined, () => checkDkim(dkim))
  read('attachmentAllow', undefined, () => void parseAllowList(options.attachmentAllow ?? []))
  read('connections', undefined, () => checkCount(options.connections))
  for (const name of ['messagesPerConnection', 'maxAttachmentBytes'] as const) {
    read(name, undefined, () => checkLimit(options[name]))
  }
  for (const [name, value] of Object.entries(options.timeouts ?? {})) {
    if (value !== undefined) read(`timeouts.${name}`, 0, () => checkTimeout(value))
  }
  if (problems.length > 0) throw new EnvoyerError('configuration-invalid', problems)
  return settings
}

const nobody: Mailbox = { address: '' }
const nowhere: Server = { host: '', port: 0, secure: false, auth: undefined, starttls: 'offered' }

function readServer(options: SmtpOptions): Server {
  if ((options.url === undefined) === (options.host === undefined)) {
    throw new Error('needs either `url` or `host`')
  }
  const given = options.url === undefined ? options : readUrl(options.url)
  const host = given.host!
  const secure = options.secure ?? given.secure ?? given.port === 465
  const auth = options.auth ?? given.auth
  if (auth !== undefined && (typeof auth.user !== 'string' || typeof auth.pass !== 'string')) {
    throw new Error('needs both `user` and `pass` to log in')
  }
  const port = options.port ?? given.port ?? (secure ? 465 : 587)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error('has an invalid port')
  const exposed = auth !== undefined && !isLoopback(host)
  return {
    host,
    port,
    secure,
    auth,
    starttls: options.starttls ?? (exposed ? 'required' : 'offered'),
  }
}

/** The texts thrown do not repeat the URL: it may hold a password. */
function readUrl(text: string): Partial<Server> {
  if (!URL.canParse(text)) throw new Error('is not a URL such as smtp://user:password@host:587')
  const url = new URL(text)
  if (!/^smtps?:$/.test(url.protocol)) throw new Error('must start with smtp:// or smtps://')
  if (url.hostname === '') throw new Error('has no host')
  if (url.search !== '' || url.hash !== '' || url.pathname.length > 1) {
    throw new Error('must end after the port; give everything else as an option')
  }
  const { username, password } = url
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(url.protocol === 'smtps:' ? { secure: true } : {}),
    ...(username === '' && password === ''
      ? {}
      : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** nodemailer sends the mail unsigned, without a word, where it cannot use the key. */
function checkDkim({ domainName, keySelector, privateKey }: NonNullable<SmtpOptions['dkim']>) {
  parseMailbox(`x@${domainName}`)
  if (!/^[\w.-]+$/.test(keySelector)) throw new Error('`keySelector` is not one')
  let key: KeyObject
  try {
    key = createPrivateKey(privateKey)
  } catch {
    throw new Error('`privateKey` is not a private key in PEM')
  }
  if (key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < 1024) {
    throw new Error('`privateKey` must be an RSA key of 1024 bits at least')
  }
}

/** `Infinity` is no limit. */
function checkLimit(value: unknown): void {
  if (value === undefined || (typeof value === 'number' && value > 0)) return
  throw new Error('must be a number greater than 0')
}

function checkCount(value: unknown): void {
  const problem = value === undefined ? undefined : countProblem(value)
  if (problem !== undefined) throw new Error(problem)
}
