import { unknownKeys } from '../../src/channel/known-keys.ts'
import { checkTimeout } from '../../src/channel/numbers.ts'
import { EnvoyerError } from '../../src/errors.ts'
import { isStorable } from '../../src/event/json.ts'
import { hostOf, readUrl } from '../../src/guard/url.ts'

export interface PostofficeServerOptions {
  /** Of the server, without `/api`: `http://postoffice.internal:4000`. It may lie in one's own network. */
  readonly url: string
  /**
   * Sent with every request, for a proxy before the server (which knows no authentication itself).
   * Never shown and never kept. Default: none.
   */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * How long a message that goes by itself may take, in all: the lookup of the host and connecting
   * at most two fifths of it each. Default 500.
   */
  readonly timeoutMs?: number
  /** How long a bulk request may take, in all. Default 5,000. */
  readonly bulkTimeoutMs?: number
  /**
   * When the topic has no publisher, so that the server takes the message and stores nothing:
   * `retry` (default) until it has one, `accept` counts as sent.
   */
  readonly withoutPublisher?: 'retry' | 'accept'
  /**
   * Name of an attribute that carries the delivery's id, the same on every try, by which subscribers
   * can drop repeats. Such messages do not go in bulk. Default: none.
   */
  readonly idAttribute?: string
  /** Kept with each delivery. Default `postoffice`. */
  readonly name?: string
}

export interface ServerSettings {
  /** Without a slash at its end. */
  readonly baseUrl: string
  /** What the guard lets through: the host that was configured, wherever it leads. */
  readonly allow: readonly string[]
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly bulkTimeoutMs: number
  readonly withoutPublisher: 'retry' | 'accept'
  readonly idAttribute: string | undefined
  readonly name: string
}

const optionNames: readonly (keyof PostofficeServerOptions)[] = [
  ...(['url', 'headers', 'timeoutMs', 'bulkTimeoutMs'] as const),
  ...(['withoutPublisher', 'idAttribute', 'name'] as const),
]

/** Checks everything at once; no text repeats a secret. @throws EnvoyerError `configuration-invalid` */
export function readServerOptions(options: PostofficeServerOptions): ServerSettings {
  const problems = unknownKeys(options, optionNames).map((line) => `postofficeServer: ${line}`)
  const read = <T>(name: keyof PostofficeServerOptions, fallback: T, parse: () => T): T => {
    try {
      return parse()
    } catch (error) {
      problems.push(`postofficeServer: \`${name}\`: ${(error as Error).message}`)
      return fallback
    }
  }
  const given = options ?? {}
  const { timeoutMs = 500, bulkTimeoutMs = 5_000, withoutPublisher = 'retry' } = given
  const { idAttribute, name = 'postoffice' } = given
  const settings: ServerSettings = {
    ...read('url', { baseUrl: '', allow: [] }, () => readBase(given.url)),
    headers: read('headers', {}, () => readHeaders(given.headers)),
    timeoutMs: read('timeoutMs', 0, () => checkTimeout(timeoutMs)),
    bulkTimeoutMs: read('bulkTimeoutMs', 0, () => checkTimeout(bulkTimeoutMs)),
    withoutPublisher: read('withoutPublisher', 'retry', () => checkChoice(withoutPublisher)),
    idAttribute:
      idAttribute === undefined ? undefined : read('idAttribute', '', () => checkName(idAttribute)),
    name: read('name', '', () => checkName(name)),
  }
  if (problems.length > 0) throw new EnvoyerError('configuration-invalid', problems)
  return settings
}

function readBase(text: unknown) {
  if (typeof text !== 'string') throw new Error('is missing')
  const url = readUrl(text)
  if (url.search !== '') throw new Error('must end before the question mark')
  const baseUrl = url.href.replace(/\/+$/, '')
  if (baseUrl.endsWith('/api')) throw new Error('must end before /api')
  return { baseUrl, allow: [hostOf(url)] }
}

/** Of the connection (RFC 9110, 7.6.1), of the HTTP client, or of the message itself. */
const ours = new Set([
  ...['accept', 'accept-encoding', 'connection', 'content-length', 'content-type', 'expect'],
  ...['host', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
])

/** `token` of RFC 9110, 5.6.2; `field-value` of 5.5 without `obs-text`. */
const nameForm = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
const valueForm = /^[\t\x20-\x7e]*$/

function headerProblem(name: string, value: unknown): string | undefined {
  if (!nameForm.test(name)) return `${JSON.stringify(name)} is not a header name`
  if (ours.has(name)) return `\`${name}\` cannot be set`
  // An environment variable that is not set arrives as undefined.
  if (typeof value !== 'string' || value.trim() === '') return `\`${name}\` has no value`
  return valueForm.test(value) ? undefined : `\`${name}\` must be visible ASCII in one line`
}

function readHeaders(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('must be an object of names and strings')
  }
  const entries = Object.entries(value).map(([name, each]) => [name.toLowerCase(), each] as const)
  const problems = entries.flatMap(([name, each]) => headerProblem(name, each) ?? [])
  if (new Set(entries.map(([name]) => name)).size < entries.length) {
    problems.push('a name is given twice')
  }
  if (problems.length > 0) throw new Error(problems.join('; '))
  return Object.fromEntries(entries.map(([name, each]) => [name, (each as string).trim()]))
}

function checkChoice(value: unknown): 'retry' | 'accept' {
  if (value === 'retry' || value === 'accept') return value
  throw new Error("must be 'retry' or 'accept'")
}

function checkName(value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '' && isStorable(value)) return value
  throw new Error('must be a name')
}
