import type { RequestClient } from 'twilio'
import { codeOf, type Exchange, toError } from '../../src/errors.ts'
import { mayHaveArrived } from '../../src/guard/arrival.ts'
import type { HttpClient, HttpResponse } from '../../src/guard/client.ts'
import { retryAfterMs } from '../../src/guard/retry-after.ts'
import { twilioError } from './twilio-errors.ts'
import type { TwilioSettings } from './twilio-options.ts'

/** What Twilio's client asks of an HTTP client, of which it calls `request` alone. */
type Requests = Pick<RequestClient, 'request'>
type Options = Parameters<RequestClient['request']>[0]
type Json = Readonly<Record<string, unknown>>

const maxTextLength = 1_000

/** What the requests of all messages have in common. */
export interface TwilioConnection {
  readonly settings: TwilioSettings
  readonly http: HttpClient
  /** Takes what is secret out of a text. */
  readonly mask: (text: string) => string
}

/**
 * The HTTP client for Twilio's: sends where we say, through the guard, and judges answers here,
 * where their headers still are. The exceptions of Twilio's own know nothing of `Retry-After`.
 */
export function createRequests(connection: TwilioConnection, signal?: AbortSignal): RequestClient {
  const { settings, http, mask } = connection

  const requests: Requests = {
    async request<T>(options: Options) {
      const url = settings.baseUrl + pathOf(options)
      const exchange = { request: recordRequest(options, url) }
      const early = signal?.aborted === true
      let response: HttpResponse
      try {
        response = await http.request({
          method: options.method === 'get' ? 'GET' : 'POST',
          url,
          headers: headersOf(options),
          ...(options.method !== 'get' && { body: form(options.data as Json | undefined) }),
          ...(signal !== undefined && { signal }),
        })
      } catch (thrown) {
        const error = toError(thrown)
        const handedOver = options.method !== 'get' && !early && mayHaveArrived(error)
        const failure = { code: 0, status: 0, error: codeOf(error, 'error'), handedOver }
        throw twilioError(failure, { text: mask(error.message), exchange })
      }
      const body = readBody(response)
      if (response.status < 200 || response.status > 299) {
        throw refusal(response, body, exchange, mask)
      }
      // a message that is created has an id; whatever else says 201 has perhaps created one
      const handedOver = options.method !== 'get'
      if (body === undefined || (handedOver && typeof body.sid !== 'string')) {
        const text = `Twilio answered ${response.status} with something else than its JSON`
        const failure = { code: 0, status: 0, error: 'answer-invalid', handedOver }
        throw twilioError(failure, {
          text,
          exchange: { ...exchange, response: recordOf(response) },
        })
      }
      return { statusCode: response.status, body: body as T, headers: response.headers }
    },
  }
  return requests as RequestClient
}

function pathOf({ uri, params }: Options): string {
  const { pathname } = new URL(uri)
  const query = form(params as Json | undefined)
  return query === '' ? pathname : `${pathname}?${query}`
}

function form(values: Json | undefined): string {
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(values ?? {})) {
    if (value !== undefined && value !== null) pairs.append(name, String(value))
  }
  return pairs.toString()
}

function headersOf({ headers = {}, username = '', password = '' }: Options) {
  const given: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers as Json))
    given[name.toLowerCase()] = `${value}`
  const login = Buffer.from(`${username}:${password}`).toString('base64')
  return { ...given, authorization: `Basic ${login}` }
}

/** The text is kept with the delivery, and a callback's URL may hold a secret. */
function recordRequest({ method, data }: Options, url: string) {
  const { Body, StatusCallback, ...shown } = (data ?? {}) as Json
  return { method: method.toUpperCase(), url, ...shown }
}

function recordOf({ status, headers }: HttpResponse) {
  const id = headers['twilio-request-id']
  const wait = headers['retry-after']
  return {
    status,
    // what Twilio's support asks for
    ...(id !== undefined && { requestId: id.slice(0, 100) }),
    ...(wait !== undefined && { retryAfter: wait.slice(0, 100) }),
  }
}

function readBody({ body, truncated }: HttpResponse): Json | undefined {
  if (truncated) return undefined
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Json) : undefined
  } catch {
    return undefined
  }
}

function refusal(
  response: HttpResponse,
  body: Json | undefined,
  exchange: Exchange,
  mask: (text: string) => string,
) {
  const { status, headers } = response
  const code = Number.isInteger(body?.code) ? (body?.code as number) : 0
  const said = typeof body?.message === 'string' ? mask(body.message).slice(0, maxTextLength) : ''
  const what = code > 0 ? `${status} (${code})` : `${status}`
  const failure = { code, status, error: '', handedOver: true }
  return twilioError(failure, {
    text: said === '' ? `Twilio answered ${what}.` : `Twilio answered ${what}: ${said}`,
    retryAfterMs: retryAfterMs(headers),
    exchange: {
      ...exchange,
      response: {
        ...recordOf(response),
        ...(code > 0 && { code }),
        ...(said && { message: said }),
      },
    },
  })
}
