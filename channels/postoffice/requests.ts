import { DeliveryError } from '../../src/errors.ts'
import { createHttpClient, type HttpResponse } from '../../src/guard/client.ts'
import { createMask } from '../../src/secret/mask.ts'
import { idsOf, type NotTaken, readJson, refused, saidBy, textIn, unanswered } from './answers.ts'
import { secretsOf } from './errors.ts'
import type { ServerSettings } from './server-options.ts'

/** What became of a request: the ids of the jobs that the server made of it, or why it made none. */
export type Outcome = { readonly ids: readonly number[] } | NotTaken

/** By path: what the server answers with, where it has stored something. */
const expected = {
  '/api/messages/': '201 and a list of ids, {"id":[…]}',
  '/api/bulk_messages/': '201 and a list of ids, {"result":[…]}',
} as const

export interface PostRequest {
  readonly path: keyof typeof expected
  readonly body: string
  readonly topic: string
  /** How many messages it holds. */
  readonly messages: number
  readonly totalMs: number
  readonly signal: AbortSignal
}

export interface Requests {
  post(request: PostRequest): Promise<Outcome>
  /** @throws DeliveryError where the server is not well. */
  health(): Promise<void>
  close(): Promise<void>
}

function createClient({ allow, timeoutMs, bulkTimeoutMs }: ServerSettings) {
  // Less than half each: when the whole time is up there was a connection, and all before is safe.
  const partMs = 0.4 * Math.min(timeoutMs, bulkTimeoutMs)
  return createHttpClient({
    allow,
    timeouts: { dnsMs: partMs, connectMs: partMs, totalMs: timeoutMs },
    // As many as messages are in flight: one that waits its time out would be taken for sent.
    connections: 100_000,
  })
}

/** The server's HTTP interface (lib/postoffice_web/router.ex), as far as sending needs it. */
export function createRequests(settings: ServerSettings): Requests {
  const { baseUrl, withoutPublisher } = settings
  const mask = createMask(secretsOf(settings.headers))
  const http = createClient(settings)
  const headers = { 'user-agent': 'Envoyer', ...settings.headers, accept: 'application/json' }

  return {
    async post({ path, body, topic, messages, totalMs, signal }) {
      const url = baseUrl + path
      const bytes = Buffer.byteLength(body)
      // What was sent is kept with the deliveries; of our headers nothing is.
      const exchange = { request: { method: 'POST', url, topic, messages, bytes } }
      const early = signal.aborted
      let response: HttpResponse
      try {
        const all = { ...headers, 'content-type': 'application/json' }
        response = await http.request({ method: 'POST', url, headers: all, body, totalMs, signal })
      } catch (thrown) {
        return unanswered(thrown, { exchange, mask }, early)
      }
      const asked = { exchange, mask, expected: expected[path] }
      const answer = readJson(response)
      const ids = idsOf(response.status, answer)
      if (ids === undefined) return refused(response, asked, saidBy(response.status, answer))
      return ids.length === 0 && withoutPublisher === 'retry'
        ? refused(response, asked, 'no-publisher')
        : { ids }
    },
    async health() {
      const url = `${baseUrl}/api/health/`
      const asked = { exchange: { request: { method: 'GET', url } }, mask }
      const response = await http.request({ method: 'GET', url, headers }).catch((thrown) => {
        throw unanswered(thrown, asked, true).error
      })
      if (response.status !== 200) throw refused(response, asked).error
      // Not well is told with status 200 too (controllers/api/health_controller.ex).
      const { status } = (readJson(response) ?? {}) as { status?: unknown }
      if (status === 'ok') return
      const text = `Postoffice is not well: ${textIn(response, asked)}`
      throw new DeliveryError(text, { code: 'postoffice-unhealthy' })
    },
    close: () => http.close(),
  }
}
