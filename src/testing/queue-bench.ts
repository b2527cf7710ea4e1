import { setTimeout as sleep } from 'node:timers/promises'
import type { Queue } from '../queue/contract.ts'
import { becomes, broken, endingOf } from './check.ts'
import type { QueueSite } from './queue-site.ts'

/** How long it is waited for what must not happen. */
export const quietMs = 60

/** A handler that is watched, and held where a check wants it. */
export interface Watched {
  readonly handler: () => Promise<void>
  /** Begun so far, running now, and most at once. */
  readonly begun: number
  readonly running: number
  readonly most: number
  /** Lets all that run and will run end. */
  release(): void
}

export interface QueueBench {
  readonly site: QueueSite<unknown>
  readonly place: unknown
  readonly queue: Queue
  readonly errors: readonly Error[]
  readonly patienceMs: number
  /** Another queue in the same place, closed with the bench. */
  another(): Queue
  /** `held`: its runs do not end before `release`. */
  watch(ending?: 'at-once' | 'held'): Watched
  /** Ends the check unless it becomes true in time. */
  soon(done: () => boolean, expected: string, happened: () => string): Promise<void>
  close(): Promise<void>
}

function createWatched(ending: 'at-once' | 'held'): Watched {
  const counts = { begun: 0, running: 0, most: 0 }
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  if (ending === 'at-once') release()
  return {
    async handler() {
      counts.begun += 1
      counts.running += 1
      counts.most = Math.max(counts.most, counts.running)
      await released
      // Some time, so that runs that should not overlap could.
      await sleep(2)
      counts.running -= 1
    },
    get begun() {
      return counts.begun
    },
    get running() {
      return counts.running
    },
    get most() {
      return counts.most
    },
    release,
  }
}

export async function createQueueBench(site: QueueSite<unknown>): Promise<QueueBench> {
  const patienceMs = site.patienceMs ?? 10_000
  const place = await site.start()
  const errors: Error[] = []
  const queues: Queue[] = []
  const watched: Watched[] = []
  const another = () => {
    const queue = site.queue(place, (error) => void errors.push(error))
    queues.push(queue)
    return queue
  }
  return {
    ...{ site, place, errors, patienceMs, another },
    queue: another(),
    watch(ending = 'at-once') {
      const made = createWatched(ending)
      watched.push(made)
      return made
    },
    async soon(done, expected, happened) {
      if (!(await becomes(done, patienceMs))) broken(expected, happened())
    },
    async close() {
      for (const { release } of watched) release()
      for (const queue of queues) await endingOf(() => queue.close(), patienceMs)
      await site.stop(place)
    },
  }
}
