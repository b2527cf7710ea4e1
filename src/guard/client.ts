import { Agent } from 'undici'
import { countProblem, timeoutProblem } from '../channel/numbers.ts'
import { DeliveryError, EnvoyerError, toError } from '../errors.ts'
import { parseAllowList } from './address.ts'
import { createConnector } from './connector.ts'
import { exchange, type HttpResponse } from './exchange.ts'
import { createResolve, type Lookup, refused } from './resolve.ts'
import { hostOf, readUrl } from './url.ts'

export type { HttpResponse } from './exchange.ts'

export interface HttpTimeouts {
  /** For the lookup of the host. Default 5,000 ms. */
  readonly dnsMs?: number
  /** For TCP and TLS together. Default 5,000 ms. */
  readonly connectMs?: number
  /** For everything: waiting for a connection, opening it, the answer's last byte. Default 15,000 ms. */
  readonly totalMs?: number
}

export interface HttpClientOptions {
  /**
   * What of one's own networks may be reached: CIDR blocks (`10.0.0.0/8`), addresses
   * (`127.0.0.1`), host names (`hooks.internal`). Default: nothing but the public internet.
   */
  readonly allow?: readonly string[]
  readonly timeouts?: HttpTimeouts
  /** Connections to one origin at a time; further requests wait. Default 100. */
  readonly connections?: number
  /** Certificate authorities (PEM) to trust instead of the system's. */
  readonly ca?: string
  /** Replaces the system's resolver. */
  readonly lookup?: Lookup
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Instead of the client's. */
  readonly totalMs?: number
  readonly signal?: AbortSignal
  /** More of the answer is not read. Default 262,144 (256 kB). */
  readonly maxResponseBytes?: number
}

export interface HttpClient {
  /**
   * Sends one request. Redirects are not followed, answers not decompressed; every status is an
   * answer.
   * @throws Permanent `url-refused`; DeliveryError `timeout-dns`, `timeout-connect`,
   * `timeout-total`, `aborted`, `closed`, or with the code of the connection's error (`ECONNREFUSED`, …).
   */
  request(request: HttpRequest): Promise<HttpResponse>
  /** For registration: throws as `request` does where a URL is not one to send to. */
  checkUrl(url: string): Promise<void>
  /** Waits for requests under way, closes all connections. */
  close(): Promise<void>
}

/** A URL that may be sent to as far as can be seen without a lookup. */
interface Target {
  readonly host: string
  readonly origin: string
  readonly path: string
}

function optionProblems({ timeouts, connections = 1 }: HttpClientOptions): string[] {
  const problems = Object.entries(timeouts ?? {}).flatMap(([name, ms]) => {
    const problem = ms === undefined ? undefined : timeoutProblem(ms)
    return problem === undefined ? [] : [`\`timeouts.${name}\` ${problem}`]
  })
  const few = countProblem(connections)
  if (few !== undefined) problems.push(`\`connections\` ${few}`)
  return problems
}

function readTarget(url: string): Target {
  try {
    const parsed = readUrl(url)
    return { host: hostOf(parsed), origin: parsed.origin, path: parsed.pathname + parsed.search }
  } catch (thrown) {
    throw refused(toError(thrown).message)
  }
}

/** Reading a URL costs as much as a sixth of a request, and the same ones come again and again. */
function remembered(read: (url: string) => Target, limit = 1000): (url: string) => Target {
  const known = new Map<string, Target>()
  return (url) => {
    const found = known.get(url)
    if (found !== undefined) return found
    const target = read(url)
    if (known.size >= limit) known.clear()
    known.set(url, target)
    return target
  }
}

function readOptions(options: HttpClientOptions) {
  const { dnsMs = 5_000, connectMs = 5_000, totalMs = 15_000 } = options.timeouts ?? {}
  const { connections = 100 } = options
  const problems = optionProblems(options)
  if (problems.length > 0) throw new EnvoyerError('configuration-invalid', problems)
  try {
    return { dnsMs, connectMs, totalMs, connections, allow: parseAllowList(options.allow ?? []) }
  } catch (thrown) {
    throw new EnvoyerError('configuration-invalid', toError(thrown).message)
  }
}

/**
 * The only way out: an HTTP client that keeps its connections and refuses every URL that leads
 * into a private or special network, on every connection anew. Proxies are not used.
 *
 * ```ts
 * const client = createHttpClient({ allow: ['10.0.0.0/8'] })
 * const { status } = await client.request({ method: 'POST', url: 'https://example.com/hook', body: '{}' })
 * ```
 *
 * @throws EnvoyerError `configuration-invalid`
 */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const { dnsMs, connectMs, totalMs, connections, allow } = readOptions(options)
  const resolve = createResolve({ allow, dnsMs, lookup: options.lookup })
  const agent = new Agent({
    connect: createConnector({ resolve, connectMs, ca: options.ca }),
    connections,
    pipelining: 1, // one request at a time on a connection; 0 would close it after each
    headersTimeout: 0, // `totalMs` covers both
    bodyTimeout: 0,
  })
  const targetOf = remembered(readTarget)
  let closing: Promise<void> | undefined

  return {
    async request({ method, url, headers, body, signal, maxResponseBytes = 262_144, ...over }) {
      const { origin, path } = targetOf(url)
      if (closing !== undefined) {
        throw new DeliveryError('The HTTP client has been closed.', { code: 'closed' })
      }
      return exchange(
        agent,
        {
          origin,
          path,
          method,
          headers: { 'accept-encoding': 'identity', ...headers },
          ...(body !== undefined && { body }),
        },
        { totalMs: over.totalMs ?? totalMs, maxResponseBytes, signal },
      )
    },
    async checkUrl(url) {
      await resolve(readTarget(url).host)
    },
    close() {
      closing ??= agent.close()
      return closing
    },
  }
}
