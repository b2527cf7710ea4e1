import { setTimeout as sleep } from 'node:timers/promises'
import { toError } from '../errors.ts'
import type { Worker, WorkerOptions } from '../worker/worker.ts'
import type { Reach } from './reach.ts'

/** How long it waits where the database cannot be had, before it tries again. */
const tryAgainMs = 1000

/**
 * A worker for as long as it is wanted, whoever owns the database: the owner works for this process,
 * its successor goes on, and this process works itself when it becomes the owner.
 */
export async function startStandingWorker(
  reach: Reach,
  work: (options: WorkerOptions) => Promise<Worker>,
  options: WorkerOptions,
  onError: (error: Error) => void,
): Promise<Worker> {
  const stopping = new AbortController()
  const { signal } = stopping
  let here: Worker | undefined
  let inFlight = 0
  let hasBegun = false
  let begun: () => void = () => {}
  const started = new Promise<void>((resolve) => {
    begun = () => {
      hasBegun = true
      resolve()
    }
  })
  // Signals of the process are heeded by who has started this.
  const { stopOn: _, ...asked } = options
  const once = () =>
    reach.run(
      async (ask) => {
        if (signal.aborted) return
        if (ask) {
          const told = async (count: number) => {
            inFlight = count
            begun()
          }
          await ask('worker', [asked, told], { signal }).finally(() => {
            inFlight = 0
          })
          return
        }
        here = await work(asked)
        begun()
        if (signal.aborted) void here.stop()
        await here.stopped
        // Only at the end: what stops it here is `stop`, or the end of all.
        stopping.abort()
      },
      { long: true },
    )
  const stand = async () => {
    // An owner that closes stops it, too.
    while (!signal.aborted) {
      try {
        await once()
      } catch (thrown) {
        if (signal.aborted) return
        // The first start fails as a worker's own does.
        if (!hasBegun) throw thrown
        onError(toError(thrown))
        await sleep(tryAgainMs, undefined, { signal }).catch(() => {})
      }
    }
  }
  const stopped = stand()
  stopped.catch(() => {})
  await Promise.race([started, stopped])
  return {
    async stop() {
      stopping.abort()
      await here?.stop()
      await stopped.catch(() => {})
    },
    stopped: stopped.catch(() => {}),
    inFlight: () => here?.inFlight() ?? inFlight,
    soon: (delayMs) => here?.soon(delayMs),
  }
}
