import { codeOf, type DeliveryError, type Exchange, toError } from '../../src/errors.ts'
import { mayHaveArrived } from '../../src/guard/arrival.ts'
import type { HttpResponse } from '../../src/guard/client.ts'
import { retryAfterMs } from '../../src/guard/retry-after.ts'
import { postofficeError } from './errors.ts'
import type { Failure, Said } from './rules.ts'

/** Why a request made no jobs. */
export interface NotTaken {
  readonly failure: Failure
  readonly error: DeliveryError
}

/** What a request is judged by besides its answer. */
export interface Asked {
  readonly exchange: Exchange
  /** Takes what is secret out of a text. */
  readonly mask: (text: string) => string
  /** What it should have been answered with, for a 2xx that is something else. */
  readonly expected?: string
}

const maxTextLength = 1_000
const none: Failure = { status: 0, said: undefined, error: '', handedOver: false }

/** The connection failed. `mayRepeat`: whatever was sent, sending it again does no harm. */
export function unanswered(
  thrown: unknown,
  { exchange, mask }: Asked,
  mayRepeat: boolean,
): NotTaken {
  const error = toError(thrown)
  const handedOver = !mayRepeat && mayHaveArrived(error)
  const failure = { ...none, error: codeOf(error, 'error'), handedOver }
  return { failure, error: postofficeError(failure, { text: mask(error.message), exchange }) }
}

/** The server answered, but not with jobs. */
export function refused(response: HttpResponse, asked: Asked, said?: Said): NotTaken {
  const { status } = response
  const failure = { ...none, status, said, handedOver: true }
  const heard = textIn(response, asked)
  const wait = response.headers['retry-after']
  const error = postofficeError(failure, {
    text: describe(status, said, heard, asked.expected),
    retryAfterMs: retryAfterMs(response.headers),
    exchange: {
      ...asked.exchange,
      response: {
        status,
        ...(wait !== undefined && { retryAfter: asked.mask(wait).slice(0, 100) }),
        ...(heard !== '' && { body: heard }),
      },
    },
  })
  return { failure, error }
}

/** The beginning of an answer's body, without secrets, and without NUL, which jsonb cannot hold. */
export function textIn({ body }: HttpResponse, { mask }: Pick<Asked, 'mask'>): string {
  return mask(body.toString('utf8')).slice(0, maxTextLength).replaceAll('\u0000', '\ufffd')
}

function describe(
  status: number,
  said: Said | undefined,
  heard: string,
  expected: string | undefined,
): string {
  if (said === 'unknown-topic') return 'The topic does not exist on the Postoffice server.'
  if (said === 'no-publisher') return 'The topic has no publisher: Postoffice has stored nothing.'
  const isOther = expected !== undefined && status >= 200 && status <= 299
  const answered = `Postoffice answered ${status}${isOther ? `, not with ${expected}` : ''}`
  return heard === '' ? `${answered}.` : `${answered}: ${heard}`
}

/** `undefined` for what is not JSON. */
export function readJson({ body, truncated }: HttpResponse): unknown {
  if (truncated) return undefined
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

/** `{"id":[…]}` of a single message, `{"result":[…]}` of a bulk (views/api of the server). */
export function idsOf(status: number, answer: unknown): readonly number[] | undefined {
  if (status !== 201) return undefined
  const { id, result } = (answer ?? {}) as { id?: unknown; result?: unknown }
  const ids = id ?? result
  return Array.isArray(ids) && ids.every((each) => Number.isSafeInteger(each)) ? ids : undefined
}

/** By controllers/api/{message,bulk_message,fallback}_controller.ex of the server. */
export function saidBy(status: number, answer: unknown): Said | undefined {
  const { data } = (answer ?? {}) as { data?: { errors?: unknown } | null }
  const errors = data?.errors
  if (status === 406 && errors === 'Topic does not exist') return 'unknown-topic'
  if (status === 406 && /^Exceed max messages/.test(String(errors))) return 'too-many'
  if (status !== 400) return undefined
  const { topic } = (errors ?? {}) as { topic?: unknown }
  return Array.isArray(topic) && topic.includes('is invalid') ? 'unknown-topic' : undefined
}
