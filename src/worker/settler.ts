import { toError } from '../errors.ts'

/** Writes down a chunk; gives what is to be done after its commit. */
export type WriteChunk<Item> = (chunk: readonly Item[]) => Promise<() => void>

export interface Settler<Item> {
  add(item: Item): void
  /** Resolves when all that was added is written. */
  drained(): Promise<void>
}

const chunkSize = 500
const pauseMs = 500

/**
 * Writes outcomes in chunks: the first at once, and while a chunk is being written the next one
 * gathers. What cannot be written (the database restarts) is kept and tried again: an outcome that
 * is known must not be lost, or the message would go out twice.
 */
export function createSettler<Item>(
  write: WriteChunk<Item>,
  onError: (error: Error) => void,
): Settler<Item> {
  let waiting: Item[] = []
  let writing: Promise<void> | undefined

  const run = async () => {
    // One turn of the event loop, so that outcomes of the same moment share a chunk.
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0) {
      const chunk = waiting.splice(0, chunkSize)
      try {
        const after = await write(chunk)
        after()
      } catch (thrown) {
        onError(toError(thrown))
        waiting = [...chunk, ...waiting]
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
  }
  return {
    add(item) {
      waiting.push(item)
      writing ??= run().finally(() => {
        writing = undefined
      })
    },
    async drained() {
      while (writing) await writing
    },
  }
}
