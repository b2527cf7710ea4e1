import { toError } from '../errors.ts'

/** Writes down a chunk; gives what is to be done after its commit. */
export type WriteChunk<Item> = (chunk: readonly Item[]) => Promise<() => void>

export interface Settler<Item> {
  /** Resolves at once, or, where too much waits to be written, when it has become less. */
  add(item: Item): Promise<void>
  /** Resolves when all that was added is written, or `withinMs` are over; gives how much is not. */
  drained(withinMs?: number): Promise<number>
}

export interface SettlerOptions<Item> {
  /** What an item is of: no two of the same go into one chunk. */
  keyOf(item: Item): string
  /** After a failure. Default 500. */
  readonly pauseMs?: number
  /** So many wait, unwritten, before `add` holds its caller back. Default 2000. */
  readonly atMost?: number
}

const largestChunk = 500
/** How far apart chunks begin, unless one is this large already: each costs a sync of the disk. */
const gatherMs = 20
const largeEnough = 100

/**
 * Writes outcomes in chunks: the first at once, and while one is being written, and a moment longer,
 * the next one gathers. What cannot be written (the database restarts) is kept and tried again: an
 * outcome that is known must not be lost, or the message would go out twice. Chunks that fail become
 * smaller, so that one outcome that can never be written does not keep the others.
 */
export function createSettler<Item>(
  write: WriteChunk<Item>,
  onError: (error: Error) => void,
  { keyOf, pauseMs = 500, atMost = 2000 }: SettlerOptions<Item>,
): Settler<Item> {
  let waiting: Item[] = []
  let unwritten = 0
  let size = largestChunk
  let running: Promise<void> | undefined
  let givenUp = false
  const heldBack = new Set<() => void>()

  const takeChunk = (): Item[] => {
    const keys = new Set<string>()
    const end = waiting.findIndex((item, n) => {
      const key = keyOf(item)
      return n >= size || keys.size === keys.add(key).size
    })
    return waiting.splice(0, end < 0 ? waiting.length : end)
  }
  const failed = async (chunk: readonly Item[]) => {
    // Alone it is the culprit, or the database is away: either way the others come first.
    waiting = chunk.length === 1 ? [...waiting, ...chunk] : [...chunk, ...waiting]
    size = Math.max(1, Math.floor(chunk.length / 2))
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  let beganAt = Number.NEGATIVE_INFINITY
  let hurry: () => void = () => {}
  let draining = false
  const gather = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, beganAt + gatherMs - performance.now())
      hurry = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const run = async () => {
    // One turn of the event loop, so that outcomes of the same moment share a chunk.
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0 && !givenUp) {
      const isSoon = performance.now() < beganAt + gatherMs
      if (isSoon && !draining && waiting.length < largeEnough) await gather()
      beganAt = performance.now()
      const chunk = takeChunk()
      let after: () => void
      try {
        after = await write(chunk)
      } catch (thrown) {
        onError(toError(thrown))
        await failed(chunk)
        continue
      }
      size = Math.min(largestChunk, size * 2)
      unwritten -= chunk.length
      if (unwritten < atMost) for (const goOn of heldBack) goOn()
      try {
        after()
      } catch (thrown) {
        onError(toError(thrown))
      }
    }
    // In the same tick in which nothing was left: what is added from now on starts a run of its own.
    running = undefined
  }
  const giveUp = () => {
    givenUp = true
    for (const goOn of heldBack) goOn()
  }
  return {
    async add(item) {
      waiting.push(item)
      unwritten += 1
      if (waiting.length >= largeEnough) hurry()
      running ??= run()
      if (unwritten <= atMost || givenUp) return
      await new Promise<void>((resolve) => {
        const goOn = () => {
          heldBack.delete(goOn)
          resolve()
        }
        heldBack.add(goOn)
      })
    },
    async drained(withinMs) {
      draining = true
      hurry()
      let timer: NodeJS.Timeout | undefined
      const over = new Promise<void>((resolve) => {
        if (withinMs !== undefined) timer = setTimeout(resolve, withinMs)
      }).then(giveUp)
      while (running && !givenUp) await Promise.race([running, over])
      clearTimeout(timer)
      return unwritten
    },
  }
}
