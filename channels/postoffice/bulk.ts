import type { Answer } from '../../src/channel/backend.ts'
import type { Receipt } from '../../src/channel/receipt.ts'
import { bulkBody, groupOf, type Message, singleBody } from './message.ts'
import type { PostRequest, Requests } from './requests.ts'
import type { Failure } from './rules.ts'

/** A message to be sent, and its own end of time. */
export interface Item {
  readonly message: Message
  readonly signal: AbortSignal
}

/** Half of what the server reads of a body (Plug.Parsers: 8,000,000 bytes). */
const maxBulkBytes = 4_000_000

/** Lists of places in `messages` that can go together: same topic, same attributes, not too large. */
export function groups(
  messages: readonly (Message | Error)[],
  atMost: number,
): readonly (readonly number[])[] {
  const open = new Map<string, { places: number[]; bytes: number }>()
  const all: number[][] = []
  messages.forEach((message, place) => {
    if (message instanceof Error) return
    const key = groupOf(message)
    const bytes = Buffer.byteLength(message.payload)
    let group = open.get(key)
    if (!group || group.places.length >= atMost || group.bytes + bytes > maxBulkBytes) {
      group = { places: [], bytes: 0 }
      open.set(key, group)
      all.push(group.places)
    }
    group.places.push(place)
    group.bytes += bytes
  })
  return all
}

export interface Sender {
  /** One message. */
  alone(item: Item): Promise<Answer>
  /** Messages of one group: one answer each, in order. */
  together(items: readonly Item[], signal: AbortSignal): Promise<readonly Answer[]>
  /** How many the server takes in one request, as far as is known. */
  readonly atMost: number
}

export interface SenderOptions {
  readonly timeoutMs: number
  readonly bulkTimeoutMs: number
  readonly atMost: number
}

/** Sends messages by themselves or in bulk, and what a bulk request was refused with in smaller ones. */
export function createSender(requests: Requests, options: SenderOptions): Sender {
  let { atMost } = options

  async function alone({ message, signal }: Item): Promise<Answer> {
    const request = { path: '/api/messages/', totalMs: options.timeoutMs, signal } as const
    const outcome = await requests.post(about(request, [message], singleBody(message)))
    return 'ids' in outcome ? receiptOf(outcome.ids) : outcome.error
  }

  async function together(items: readonly Item[], signal: AbortSignal): Promise<readonly Answer[]> {
    if (items.length === 1) return [await alone(items[0]!)]
    const messages = items.map(({ message }) => message)
    const request = { path: '/api/bulk_messages/', totalMs: options.bulkTimeoutMs, signal } as const
    const outcome = await requests.post(about(request, messages, bulkBody(messages)))
    if ('ids' in outcome) return items.map(() => bulkReceipt(outcome.ids, items.length))
    const { failure, error } = outcome
    if (failure.said === 'too-many') atMost = Math.min(atMost, Math.ceil(items.length / 2))
    if (isRefusal(failure)) return halves(items, signal)
    return failure.status === 500 ? probe(items, error, signal) : items.map(() => error)
  }

  async function halves(items: readonly Item[], signal: AbortSignal): Promise<readonly Answer[]> {
    const middle = Math.ceil(items.length / 2)
    const parts = [items.slice(0, middle), items.slice(middle)].filter((part) => part.length > 0)
    return (await Promise.all(parts.map((part) => together(part, signal)))).flat()
  }

  /**
   * The server writes all jobs of a request or none, so after its 500 nothing is stored. The first
   * and the last message tell by themselves whether it is out of order, and not to be asked for the
   * others now, or stumbled over one of them.
   */
  async function probe(
    items: readonly Item[],
    error: Error,
    signal: AbortSignal,
  ): Promise<readonly Answer[]> {
    const [first, last] = await Promise.all([alone(items[0]!), alone(items.at(-1)!)])
    const others = items.slice(1, -1)
    return first instanceof Error && last instanceof Error
      ? [first, ...others.map(() => error), last]
      : [first, ...(await halves(others, signal)), last]
  }

  return {
    alone,
    together,
    get atMost() {
      return atMost
    },
  }
}

function about(
  request: Pick<PostRequest, 'path' | 'totalMs' | 'signal'>,
  messages: readonly Message[],
  body: string,
): PostRequest {
  return { ...request, body, topic: messages[0]!.topic, messages: messages.length }
}

/** Refused before anything was stored, perhaps for one of many: too many, too large, not readable. */
function isRefusal({ status, said }: Failure): boolean {
  return said === 'too-many' || (said === undefined && [400, 406, 409, 413, 422].includes(status))
}

function receiptOf(ids: readonly number[]): Receipt {
  const [id] = ids
  return { ...(id !== undefined && { id: String(id) }), ids }
}

/** Which job is whose the answer does not tell: it depends on the publishers of the topic. */
function bulkReceipt(ids: readonly number[], bulk: number): Receipt {
  if (ids.length === 0) return { bulk, ids: [] }
  const sorted = ids.toSorted((a, b) => a - b)
  return { bulk, firstId: sorted[0]!, lastId: sorted.at(-1)! }
}
