import { EnvoyerError } from '../errors.ts'

export type Many = Iterable<object> | AsyncIterable<object>
export type Recipients = object | Many

/** An iterable that is not an array is written as it comes, in bounded memory. */
export function isMany(recipients: Recipients): recipients is Many {
  if (recipients === null || typeof recipients !== 'object') {
    throw new EnvoyerError(
      'recipients-invalid',
      `got ${recipients === null ? 'null' : typeof recipients}`,
    )
  }
  return !Array.isArray(recipients) && isIterable(recipients)
}

export function isIterable(recipients: object): recipients is Many {
  return Symbol.asyncIterator in recipients || Symbol.iterator in recipients
}

/** What has gathered of an iterable's recipients, to be written together. */
export interface Chunk<T> {
  readonly made: readonly T[]
  /** How many recipients were read up to here. */
  readonly recipients: number
}

export interface ChunkLimits {
  /** A chunk is full with so many; one recipient more may bring it a few above. */
  readonly size: number
  /** How long the first of a chunk waits for it to be full. */
  readonly waitMs: number
}

const late = Symbol('late')

/** A promise that is kept once `waitMs` are over, from `start` on. */
function createPatience(waitMs: number) {
  let timer: NodeJS.Timeout | undefined
  let over: Promise<typeof late> | undefined
  return {
    over(): Promise<typeof late> {
      over ??= new Promise((resolve) => {
        timer = setTimeout(resolve, waitMs, late)
      })
      return over
    },
    end() {
      clearTimeout(timer)
      over = undefined
    },
  }
}

function iteratorOf(recipients: Many): AsyncIterator<object> {
  if (Symbol.asyncIterator in recipients) return recipients[Symbol.asyncIterator]()
  return (async function* () {
    yield* recipients
  })()
}

/**
 * Reads an iterable in bounded memory: what is made of its recipients, a chunk at a time. A source
 * that is slow does not hold back those that it has given already.
 */
export async function* inChunks<T>(
  recipients: Many,
  make: (recipient: object) => readonly T[],
  { size, waitMs }: ChunkLimits,
): AsyncGenerator<Chunk<T>> {
  const iterator = iteratorOf(recipients)
  const patience = createPatience(waitMs)
  let reading: Promise<IteratorResult<object>> | undefined
  let made: T[] = []
  let [read, given] = [0, 0]
  const chunk = (): Chunk<T> => {
    const taken = made
    patience.end()
    made = []
    given = read
    return { made: taken, recipients: read }
  }
  let ended = false
  try {
    for (;;) {
      reading ??= iterator.next()
      const next = await (read > given ? Promise.race([reading, patience.over()]) : reading)
      if (next === late) {
        yield chunk()
        continue
      }
      reading = undefined
      if (next.done) break
      read += 1
      for (const each of make(next.value)) made.push(each)
      if (made.length >= size) yield chunk()
    }
    ended = true
    if (read > given) yield chunk()
  } catch (thrown) {
    // As in a loop: a source that threw has ended by itself, but `make` may have thrown.
    ended ||= reading !== undefined
    throw thrown
  } finally {
    patience.end()
    if (!ended) await close(iterator, reading)
  }
}

/**
 * Tells the source that no more is read of it, without waiting for what it was asked for already.
 * What it says to that is no news: as with a loop, the reason for the end is what counts.
 */
async function close(
  iterator: AsyncIterator<object>,
  reading: Promise<unknown> | undefined,
): Promise<void> {
  const closed = (async () => iterator.return?.())().catch(() => {})
  if (reading === undefined) await closed
  else Promise.resolve(reading).catch(() => {})
}
