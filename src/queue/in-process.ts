import { toError } from '../errors.ts'
import type { Queue } from './contract.ts'

interface Consumer {
  readonly free: boolean
  take(): void
  stop(): Promise<void>
}

function createConsumer(
  concurrency: number,
  handler: () => Promise<void>,
  hasRoom: () => boolean,
  onError: (error: Error) => void,
): Consumer {
  const running = new Set<Promise<void>>()
  let waiting = false
  let stopped = false
  const start = () => {
    const run = Promise.resolve()
      .then(handler)
      .catch((thrown) => onError(toError(thrown)))
      .finally(() => {
        running.delete(run)
        if (waiting && !stopped) {
          waiting = false
          start()
        }
      })
    running.add(run)
  }
  return {
    get free() {
      return running.size === 0 && hasRoom()
    },
    take() {
      if (stopped) return
      if (running.size < concurrency) start()
      else waiting = true
    },
    async stop() {
      stopped = true
      await Promise.all(running)
    },
  }
}

export interface InProcessQueue extends Queue {
  /** Whether a ticket of the channel finds a consumer here, and one with nothing else to do and room. */
  consumers(channel: string): 'none' | 'busy' | 'free'
}

/** Starts hearing of work that others announce; gives what ends it. */
export type Listen = (heard: () => void) => Promise<() => Promise<void>>

/**
 * Tickets from a process to its own workers. `listen`, where there is one, brings word from
 * elsewhere: from a transaction of the application's own, or from another process.
 */
export function createInProcessQueue(
  onError: (error: Error) => void,
  listen?: Listen,
): InProcessQueue {
  const consumers = new Map<string, Set<Consumer>>()
  const timers = new Set<NodeJS.Timeout>()
  let listening: Promise<() => Promise<void>> | undefined
  const hand = (channel: string) => {
    for (const consumer of consumers.get(channel) ?? []) consumer.take()
  }
  const handAll = () => {
    for (const channel of consumers.keys()) hand(channel)
  }
  return {
    ticket(channel, { delayMs = 0 } = {}) {
      if (delayMs <= 0) {
        hand(channel)
        return
      }
      // Who comes later begins with a look.
      if (!consumers.get(channel)?.size) return
      const timer = setTimeout(() => {
        timers.delete(timer)
        hand(channel)
      }, delayMs)
      timer.unref()
      timers.add(timer)
    },
    consumers(channel) {
      const ofChannel = [...(consumers.get(channel) ?? [])]
      if (ofChannel.length === 0) return 'none'
      return ofChannel.some(({ free }) => free) ? 'free' : 'busy'
    },
    async consume(channel, concurrency, handler, hasRoom = () => true) {
      listening ??= listen?.(handAll).catch((thrown) => {
        // Who comes next tries again.
        listening = undefined
        throw thrown
      })
      await listening
      const consumer = createConsumer(concurrency, handler, hasRoom, onError)
      const ofChannel = consumers.get(channel) ?? new Set()
      consumers.set(channel, ofChannel.add(consumer))
      return async () => {
        ofChannel.delete(consumer)
        await consumer.stop()
      }
    },
    async close() {
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
      // Before anything is waited for: nothing may begin meanwhile.
      const stopped = [...consumers.values()].flatMap((set) => [...set].map((c) => c.stop()))
      consumers.clear()
      await (await listening?.catch(() => undefined))?.()
      await Promise.all(stopped)
    },
  }
}
