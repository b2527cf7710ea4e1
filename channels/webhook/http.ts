import type { Backend, Outgoing } from '../../src/channel/backend.ts'
import { unknownKeys } from '../../src/channel/known-keys.ts'
import { DeliveryError, EnvoyerError, type Exchange, Permanent, toError } from '../../src/errors.ts'
import { createHttpClient, type HttpResponse, type HttpTimeouts } from '../../src/guard/client.ts'
import { sign } from '../../src/secret/signature.ts'
import { parseSecret, type WebhookAddress } from './address.ts'
import { type Headers, parseHeaders } from './headers.ts'
import type { WebhookOptions } from './options.ts'
import { type HttpMethod, payload } from './payload.ts'
import { recordRequest, recordResponse } from './record.ts'
import { statusError } from './status.ts'

export interface HttpOptions {
  /** The backend's name in records. Default: http. */
  readonly name?: string
  /** One of POST, PUT, PATCH, DELETE, GET. Default POST. GET and DELETE have a body only where there is a template for it. */
  readonly method?: HttpMethod
  /** Signs for addresses that bring no secret. Several: a signature of each, for a rotation. */
  readonly secret?: string | readonly string[]
  /** Sent with every request, under those of the message's options and of the address. */
  readonly headers?: Headers
  /**
   * What of one's own networks may be reached: CIDR blocks (`10.0.0.0/8`), addresses, host names.
   * Default: nothing but the public internet.
   */
  readonly allow?: readonly string[]
  /** How long the receiver may take. Default 5 s for the lookup, 5 s to connect, 15 s in all. */
  readonly timeouts?: HttpTimeouts
  /** Of a rendered `body`. Default `application/json`; JSON types are checked to be JSON. */
  readonly contentType?: string
  /** Connections to one origin at a time. Default 400, as many as a worker has messages in flight. */
  readonly connections?: number
  /** Certificate authorities (PEM) to trust instead of the system's. */
  readonly ca?: string
}

type WebhookOutgoing = Outgoing<WebhookAddress, { readonly body?: string }, WebhookOptions>

export interface HttpBackend
  extends Backend<WebhookAddress, { readonly body?: string }, WebhookOptions> {
  /** For registration: throws `Permanent` where a URL is not one that would be sent to. */
  checkUrl(url: string): Promise<void>
  close(): Promise<void>
}

const optionNames = [
  ...[
    'name',
    'method',
    'secret',
    'headers',
    'allow',
    'timeouts',
    'contentType',
    'connections',
    'ca',
  ],
]

function readOptions(options: HttpOptions) {
  const { secret, headers, contentType } = options
  const unknown = unknownKeys(options, optionNames)
  if (unknown.length > 0) {
    throw new EnvoyerError(
      'configuration-invalid',
      unknown.map((line) => `http: ${line}`),
    )
  }
  try {
    if ('secret' in options && secret === undefined) {
      // An environment variable that is not set must not turn signatures off.
      throw new Error('`secret` is undefined; leave it out to send without a signature.')
    }
    const given = {
      ...(contentType !== undefined && { 'content-type': contentType }),
      ...headers,
    }
    const { 'content-type': type = 'application/json', ...rest } = parseHeaders(given)
    return {
      secrets: secret === undefined ? [] : [parseSecret(secret)].flat(),
      headers: rest,
      contentType: type,
    }
  } catch (thrown) {
    throw new EnvoyerError('configuration-invalid', `http(): ${toError(thrown).message}`)
  }
}

/** The same error with what was exchanged: the client knows nothing of masking. */
function withExchange(thrown: unknown, exchange: Exchange): Error {
  if (!(thrown instanceof DeliveryError)) return toError(thrown)
  const options = { code: thrown.code, exchange, cause: thrown.cause ?? thrown }
  return thrown instanceof Permanent
    ? new Permanent(thrown.message, options)
    : new DeliveryError(thrown.message, options)
}

/**
 * Posts webhooks over HTTP, signed by Standard Webhooks 1.0, through the URL guard.
 *
 * ```ts
 * webhook({ backend: http({ secret: process.env.WEBHOOK_SECRET! }) })
 * ```
 *
 * @throws EnvoyerError `configuration-invalid`
 */
export function http(options: HttpOptions = {}): HttpBackend {
  const { method = 'POST', allow, timeouts, connections = 400, ca } = options
  const defaults = readOptions(options)
  const client = createHttpClient({
    ...(allow !== undefined && { allow }),
    ...(timeouts !== undefined && { timeouts }),
    connections,
    ...(ca !== undefined && { ca }),
  })

  function prepare(outgoing: WebhookOutgoing) {
    const { address, traceparent } = outgoing
    // Of the same header the receiver's own wins: nobody else knows its authorization.
    const headers: Record<string, string> = {
      'user-agent': 'Envoyer',
      ...(traceparent !== undefined && { traceparent }),
      'content-type': defaults.contentType,
      ...defaults.headers,
      ...outgoing.options?.headers,
      ...address.headers,
    }
    const wanted = headers['content-type']!
    const { body, contentType } = payload(outgoing, method, wanted)
    const secrets = address.secret === undefined ? defaults.secrets : [address.secret].flat()
    // Receivers refuse for good what is stamped minutes off their own time (Standard Webhooks 1.0).
    const signed = { id: outgoing.id, timestamp: outgoing.startedAt, body: body ?? '' }
    if (contentType === undefined) delete headers['content-type']
    else headers['content-type'] = contentType
    return { url: address.url, headers: Object.assign(headers, sign(signed, secrets)), body }
  }

  return {
    name: options.name ?? 'http',
    async send(outgoing) {
      const { url, headers, body } = prepare(outgoing)
      const { signal } = outgoing
      let response: HttpResponse
      try {
        const content = body === undefined ? {} : { body }
        response = await client.request({ method, url, headers, signal, ...content })
      } catch (thrown) {
        throw withExchange(thrown, { request: recordRequest(method, url, headers, body) })
      }
      const receipt = recordResponse(response, headers)
      if (response.status >= 200 && response.status <= 299) return receipt
      throw statusError(recordRequest(method, url, headers, body), receipt)
    },
    checkUrl: client.checkUrl,
    close: client.close,
  }
}
