import { toError } from '../errors.ts'
import type { Worker } from '../worker/worker.ts'

/**
 * Stops the worker when the process is told to end. Then all is closed and the signal has its
 * ordinary effect, unless the application listens for it too: then it goes on from there.
 */
export function stopOnSignals(
  worker: Worker,
  names: readonly NodeJS.Signals[],
  close: () => Promise<void>,
  onError: (error: Error) => void,
): () => void {
  const handle = (name: NodeJS.Signals) => {
    const end = async () => {
      await worker.stop()
      if (process.listenerCount(name) > 0) return
      await close()
      process.kill(process.pid, name)
    }
    end().catch((thrown) => onError(toError(thrown)))
  }
  for (const name of names) process.on(name, handle)
  return () => {
    for (const name of names) process.off(name, handle)
  }
}
