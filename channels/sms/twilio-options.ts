import { checkTimeout } from '../../src/channel/numbers.ts'
import { EnvoyerError } from '../../src/errors.ts'
import { hostOf, readUrl } from '../../src/guard/url.ts'
import { parseCallback } from './options.ts'
import { parseSender } from './sender.ts'

export interface TwilioOptions {
  /** `AC…`, from Twilio's console. */
  readonly accountSid: string
  /** The account's token. Either this, or `apiKey` and `apiSecret`. */
  readonly authToken?: string
  /** `SK…`: a key of its own for this application, which can be revoked. */
  readonly apiKey?: string
  /** The secret of `apiKey`. */
  readonly apiSecret?: string
  /** `MG…`: lets Twilio choose among the senders of a messaging service. This or `from` is required. */
  readonly messagingServiceSid?: string
  /** The sender: a number of the account, a short code, or a name of up to 11 letters and digits. */
  readonly from?: string
  /** Where Twilio reports what became of each message. Default: that of the messaging service. */
  readonly statusCallback?: string
  /**
   * Of another edge, such as `https://api.dublin.ie1.twilio.com`, or of a stand-in. Its host may lie
   * in one's own network. Default `https://api.twilio.com`.
   */
  readonly baseUrl?: string
  /** How long Twilio may take to answer. Default 25,000: less than the time of an attempt. */
  readonly timeoutMs?: number
  /** Kept with each delivery. Default `twilio`. */
  readonly name?: string
}

export interface TwilioSettings {
  readonly accountSid: string
  /** HTTP Basic: account and token, or key and secret. */
  readonly username: string
  readonly password: string
  readonly byKey: boolean
  readonly messagingServiceSid: string | undefined
  readonly from: string | undefined
  readonly statusCallback: string | undefined
  /** Without a slash at its end. */
  readonly baseUrl: string
  /** What the guard lets through: the host that was configured, wherever it leads. */
  readonly allow: readonly string[]
  readonly timeoutMs: number
}

const sid = (prefix: string) => new RegExp(`^${prefix}[0-9a-fA-F]{32}$`)

/** Checks everything at once; no text repeats a secret. @throws EnvoyerError `configuration-invalid` */
export function readTwilioOptions(options: TwilioOptions): TwilioSettings {
  const problems: string[] = []
  const read = <T>(name: string, fallback: T, parse: () => T): T => {
    try {
      return parse()
    } catch (error) {
      problems.push(`twilio: \`${name}\`: ${(error as Error).message}`)
      return fallback
    }
  }
  const { accountSid, messagingServiceSid, from, statusCallback, timeoutMs = 25_000 } = options
  const base = read('baseUrl', publicApi, () => readBase(options.baseUrl))
  const settings: TwilioSettings = {
    accountSid: read('accountSid', '', () => checkSid(accountSid, 'AC')),
    ...read('authToken', nobody, () => readCredentials(options)),
    messagingServiceSid: given(messagingServiceSid, (value) =>
      read('messagingServiceSid', '', () => checkSid(value, 'MG')),
    ),
    from: given(from, (value) => read('from', '', () => parseSender(value))),
    statusCallback: given(statusCallback, (value) =>
      read('statusCallback', '', () => parseCallback(value)),
    ),
    ...base,
    timeoutMs: read('timeoutMs', 0, () => checkTimeout(timeoutMs)),
  }
  if (from === undefined && messagingServiceSid === undefined) {
    problems.push('twilio: needs `from` or `messagingServiceSid`')
  }
  if (problems.length > 0) throw new EnvoyerError('configuration-invalid', problems)
  return settings
}

const nobody = { username: '', password: '', byKey: false }
const publicApi = { baseUrl: 'https://api.twilio.com', allow: [] as readonly string[] }

function given<T, R>(value: T | undefined, parse: (value: T) => R): R | undefined {
  return value === undefined ? undefined : parse(value)
}

function checkSid(value: unknown, prefix: string): string {
  if (typeof value === 'string' && sid(prefix).test(value)) return value
  throw new Error(`must be ${prefix} and 32 hexadecimal digits`)
}

function readCredentials({ accountSid, authToken, apiKey, apiSecret }: TwilioOptions) {
  const byKey = apiKey !== undefined || apiSecret !== undefined
  if (byKey && authToken !== undefined) {
    throw new Error('give either it, or `apiKey` and `apiSecret`')
  }
  if (!byKey) {
    // An environment variable that is not set arrives as undefined.
    if (!isSecret(authToken)) throw new Error('is missing, and so are `apiKey` and `apiSecret`')
    return { username: accountSid, password: authToken, byKey }
  }
  if (typeof apiKey !== 'string' || !sid('SK').test(apiKey) || !isSecret(apiSecret)) {
    throw new Error('instead of it, both `apiKey` (SK and 32 digits) and `apiSecret` are needed')
  }
  return { username: apiKey, password: apiSecret, byKey }
}

function isSecret(value: unknown): value is string {
  return typeof value === 'string' && value.trim() === value && value !== ''
}

function readBase(text: string | undefined) {
  if (text === undefined) return publicApi
  const url = readUrl(text)
  if (url.search !== '') throw new Error('must end before the question mark')
  return { baseUrl: url.href.replace(/\/+$/, ''), allow: [hostOf(url)] }
}
