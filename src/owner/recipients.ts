import { EnvoyerError } from '../errors.ts'
import type { Configuration } from '../option/configuration.ts'
import { inChunks, isMany, type Many } from '../recipient/chunks.ts'
import { readAt } from '../recipient/expand.ts'
import { route } from '../recipient/route.ts'
import type { Part, SentRecipients } from './receive.ts'

/** Recipients of one part, and the bytes at which it is full. */
const partSize = 500
const partBytes = 4 * 1024 * 1024
/** How long those that a slow source gave wait for others. */
const waitMs = 200
/**
 * So many recipients of an iterable are kept, to be sent once more where the owner ends: most
 * iterables can be read once only.
 */
const keptAtMost = 10_000

/** Reads one recipient into JSON. Throws `recipients-invalid`. */
export function createReader({ recipient: options, zone, channels }: Configuration) {
  return (source: unknown, position: number): string => {
    const recipient = readAt(source, position, { options, zone })
    const routes = Object.entries(channels).map(([name, channel]) => [
      name,
      route(name, channel, source as Readonly<Record<string, unknown>>, options),
    ])
    return JSON.stringify({ recipient, routes: Object.fromEntries(routes) })
  }
}

export interface Outgoing {
  readonly sent: SentRecipients
  /** Begins again, for another owner. False where that cannot be. */
  rewind(): boolean
  /** What the source threw. */
  readonly failure: { readonly thrown: unknown } | undefined
  /** Reads no more of the source. */
  end(): Promise<void>
}

/** The recipients of a call, as they go to the owner. */
export function sendRecipients(
  recipients: object,
  read: (source: unknown, position: number) => string,
): Outgoing {
  const nothing = { failure: undefined, rewind: () => true, end: async () => {} }
  if (isMany(recipients)) return sendMany(recipients, read)
  if (!Array.isArray(recipients)) {
    return { ...nothing, sent: { kind: 'one', item: read(recipients, 0) } }
  }
  const items = recipients.map(read)
  let at = 0
  const next = async () => {
    const part = cut(items, at)
    at += part.length
    return { items: part, done: at >= items.length }
  }
  const rewind = () => {
    at = 0
    return true
  }
  return { ...nothing, rewind, sent: { kind: 'array', next } }
}

/** So many of the items from one on as go into a part. */
function cut(items: readonly string[], from: number): string[] {
  let [to, bytes] = [from, 0]
  while (to < items.length && to - from < partSize && bytes < partBytes) {
    bytes += items[to]!.length
    to += 1
  }
  return items.slice(from, to)
}

function sendMany(recipients: Many, read: (source: unknown, position: number) => string): Outgoing {
  let position = 0
  const make = (source: object) => [read(source, position++)]
  const chunks = inChunks(recipients, make, { size: partSize, waitMs })
  /** Read so far, from the first on, as long as they are not too many; from `start` on then. */
  let kept: string[] = []
  let [start, at, done] = [0, 0, false]
  let failure: { readonly thrown: unknown } | undefined
  const failed: Part = { items: [], done: true, failed: true }
  /** One more for each owner that asks from the beginning. */
  let round = 0
  let reading: Promise<void> | undefined
  const readOn = async () => {
    try {
      const chunk = await chunks.next()
      if (chunk.done) done = true
      else kept.push(...chunk.value.made)
    } catch (thrown) {
      failure = { thrown }
    }
    reading = undefined
  }
  const next = async (): Promise<Part> => {
    if (at === start + kept.length && !done) {
      const asked = round
      reading ??= failure ? undefined : readOn()
      await reading
      // Who asked is gone meanwhile: what was read is kept for the one that has asked since.
      if (failure || asked !== round) return failed
    }
    const items = cut(kept, at - start)
    at += items.length
    if (at - start === kept.length && at > keptAtMost) {
      start = at
      kept = []
    }
    return { items, done: done && at === start + kept.length }
  }
  return {
    sent: { kind: 'many', next },
    rewind() {
      round += 1
      at = 0
      return start === 0
    },
    get failure() {
      return failure
    },
    end: async () => void (await chunks.return(undefined).catch(() => {})),
  }
}

/** What a call that cannot be asked again throws. */
export const lostMidway = (event: string) =>
  new EnvoyerError('owner-lost', `event "${event}", after more than ${keptAtMost} recipients`)
