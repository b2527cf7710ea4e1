import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { type ReceivedRequest, startReceiver, type WrittenAnswer } from './http-receiver.ts'

/**
 * A stand-in of the Postoffice server, as far as sending needs it, written from its source
 * (https://github.com/mercadona/postoffice, at 455490d):
 *
 * - Routes, and 404 for all others: lib/postoffice_web/router.ex
 * - 413 over 8,000,000 bytes and 400 for what is not JSON: Plug.Parsers in lib/postoffice_web/endpoint.ex
 * - Answers: lib/postoffice_web/controllers/api/{message,bulk_message,fallback,health}_controller.ex and
 *   lib/postoffice_web/views/api/*.ex
 * - One job for each message and publisher, their ids in reverse order, none without a publisher:
 *   lib/postoffice/messaging.ex; the limit of a bulk: lib/postoffice.ex
 *
 * It is stricter than the server, so that a mistake of ours is found: the server takes other content
 * types, missing or additional keys, payloads that are no objects and attributes that are no texts,
 * and fails at once or at every delivery. All that is refused here (415, 422).
 */
export interface PostofficeStandIn {
  /** For `url`. */
  readonly url: string
  /** What was taken, oldest first. */
  readonly messages: TakenMessage[]
  /** All requests, the refused ones included. */
  readonly requests: ReceivedRequest[]
  /** From now on the topic has so many publishers; `undefined`: there is no such topic. */
  setPublishers(topic: string, publishers: number | undefined): void
  /** Answers to the next requests, one each, in the place of its own. */
  next(...answers: readonly PostofficeAnswer[]): void
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface TakenMessage {
  readonly topic: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly attributes: Readonly<Record<string, string>>
  /** Of the jobs that were made of it, one for each publisher. */
  readonly ids: readonly number[]
  /** How many came in the same request: 1 by itself. */
  readonly together: number
}

export type PostofficeAnswer =
  /** Takes nothing. */
  | WrittenAnswer
  /** Does what it always does, so much later. */
  | { readonly delayMs: number }
  /** Takes the message and never answers. */
  | 'hang'
  /** Takes the message and closes the connection instead of answering. */
  | 'cut'

export interface PostofficeStandInOptions {
  /** How many publishers each topic has. Default: whatever topic is named has one. */
  readonly topics?: Readonly<Record<string, number>>
  /** `max_bulk_messages`. Default 3,000. */
  readonly maxBulkMessages?: number
  /** What a proxy before the server wants to see; else it answers 401. Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** The status with which it answers a request that holds such a payload, taking nothing of it. */
  readonly stumbleOver?: (payload: Readonly<Record<string, unknown>>) => number | undefined
}

interface Reply {
  readonly status: number
  readonly body: object
  readonly taken: readonly Omit<TakenMessage, 'together'>[]
}

interface Given {
  readonly topic: string
  readonly payload: unknown
  readonly attributes: Readonly<Record<string, string>>
}

const maxBodyBytes = 8_000_000

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const refuse = (status: number, errors: unknown): Reply => ({
  status,
  body: { data: { errors } },
  taken: [],
})

/** Why a body is not `{ topic, payload, attributes }` as the server's deliveries need it. */
function wrongBody(given: unknown, bulk: boolean): string | undefined {
  if (!isObject(given)) return 'the body is not an object'
  const keys = Object.keys(given).sort().join()
  if (keys !== 'attributes,payload,topic') return `the keys are ${keys}`
  const { topic, payload, attributes } = given
  if (typeof topic !== 'string') return 'topic is not a text'
  if (!isObject(attributes)) return 'attributes is not an object'
  const wrong = Object.entries(attributes).find(([, value]) => typeof value !== 'string')
  if (wrong !== undefined) return `the attribute ${wrong[0]} is not a text`
  if (bulk && !Array.isArray(payload)) return 'payload is not a list'
  const payloads: readonly unknown[] = bulk ? (payload as unknown[]) : [payload]
  if (payloads.length === 0) return 'payload is empty'
  if (!payloads.every(isObject)) return 'a payload is not an object'
  const overwritten = payloads.some((each) => isObject(each) && Object.hasOwn(each, 'attributes'))
  return overwritten ? 'a payload has the key attributes' : undefined
}

/** Why a request does not even reach a controller. */
function wrongRequest({ method, headers, body }: ReceivedRequest): Reply | undefined {
  const { accept = '*/*' } = headers
  if (!/\*\/\*|application\/(?:json|\*)/.test(accept)) return refuse(406, 'Not Acceptable')
  if (method === 'GET') return undefined
  if (!/^application\/json(?:;|$)/.test(headers['content-type'] ?? '')) {
    return refuse(415, 'Unsupported Media Type')
  }
  if (body.length > maxBodyBytes) return refuse(413, 'Request Entity Too Large')
  try {
    JSON.parse(String(body))
    return undefined
  } catch {
    return refuse(400, 'Bad Request')
  }
}

/** Answers `POST /api/messages/`, `POST /api/bulk_messages/` and `GET /api/health/`. */
export async function startPostoffice(
  options: PostofficeStandInOptions = {},
): Promise<PostofficeStandIn> {
  const { topics, maxBulkMessages = 3_000, headers: wanted = {} } = options
  const publishers = new Map<string, number | undefined>(Object.entries(topics ?? {}))
  const messages: TakenMessage[] = []
  const queue: PostofficeAnswer[] = []
  let lastId = 0

  const publishersOf = (topic: string) =>
    publishers.has(topic) || topics !== undefined ? publishers.get(topic) : 1

  /** Jobs publisher by publisher, as they are inserted. */
  function insert({ topic, attributes }: Given, payloads: readonly Record<string, unknown>[]) {
    const taken = payloads.map((payload) => ({ topic, payload, attributes, ids: [] as number[] }))
    for (let publisher = 0; publisher < publishersOf(topic)!; publisher += 1) {
      for (const { ids } of taken) ids.push(++lastId)
    }
    const ids = taken.flatMap((each) => each.ids).sort((a, b) => b - a)
    return { ids, taken: ids.length > 0 ? taken : [] }
  }

  function single(given: Given): Reply {
    if (publishersOf(given.topic) === undefined) return refuse(400, { topic: ['is invalid'] })
    const { ids, taken } = insert(given, [given.payload as Record<string, unknown>])
    return { status: 201, body: { id: ids }, taken }
  }

  function bulk(given: Given): Reply {
    const payloads = given.payload as Record<string, unknown>[]
    if (payloads.length > maxBulkMessages) {
      return refuse(406, 'Exceed max messages to ingest in bulk')
    }
    if (publishersOf(given.topic) === undefined) return refuse(406, 'Topic does not exist')
    const { ids, taken } = insert(given, payloads)
    return { status: 201, body: { result: ids }, taken }
  }

  function reply(request: ReceivedRequest): Reply {
    const { method, path, headers, body } = request
    if (Object.entries(wanted).some(([name, value]) => headers[name] !== value)) {
      return refuse(401, 'Unauthorized')
    }
    const wrong = wrongRequest(request)
    if (wrong !== undefined) return wrong
    const route = `${method} ${path.replace(/\/$/, '')}`
    if (route === 'GET /api/health') return { status: 200, body: { status: 'ok' }, taken: [] }
    const toBulk = route === 'POST /api/bulk_messages'
    if (!toBulk && route !== 'POST /api/messages') return refuse(404, 'Not Found')
    const given: unknown = JSON.parse(String(body))
    const mistake = wrongBody(given, toBulk)
    if (mistake !== undefined) return refuse(422, mistake)
    const payloads = [(given as Given).payload].flat() as TakenMessage['payload'][]
    const status = payloads.map((each) => options.stumbleOver?.(each)).find((each) => each)
    if (status !== undefined) return refuse(status, 'stumbled')
    return toBulk ? bulk(given as Given) : single(given as Given)
  }

  async function answer(request: ReceivedRequest, response: ServerResponse): Promise<void> {
    const special = queue.shift()
    if (typeof special === 'object' && 'status' in special) {
      response.writeHead(special.status, special.headers).end(special.body)
      return
    }
    if (typeof special === 'object') await wait(special.delayMs)
    const { status, body, taken } = reply(request)
    messages.push(...taken.map((each) => ({ ...each, together: taken.length })))
    if (special === 'hang') return
    if (special === 'cut') {
      response.socket?.destroy()
      return
    }
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
    response.end(JSON.stringify(body))
  }

  const receiver = await startReceiver({ handler: answer })
  return {
    url: receiver.url,
    messages,
    requests: receiver.requests,
    setPublishers: (topic, count) => void publishers.set(topic, count),
    next: (...answers) => void queue.push(...answers),
    stop: receiver.stop,
    [Symbol.asyncDispose]: receiver.stop,
  }
}
