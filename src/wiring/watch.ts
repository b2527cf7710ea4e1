import { AsyncResource } from 'node:async_hooks'
import type { Log } from '../log/logger.ts'
import type { Queue } from '../queue/contract.ts'
import type { Watch } from '../worker/contract.ts'
import type { Measuring } from './meter.ts'

/** Tells meter and log what workers do; where there is neither it makes nothing. */
export function createWatch(measuring: Measuring, log: Log | undefined): Watch {
  return {
    settled: (ended) => measuring.on?.settled(ended),
    wrote: (tookMs) => measuring.on?.wrote(tookMs),
    claimed(channel, count, tookMs) {
      measuring.on?.claimed(channel, count, tookMs)
      if (count > 0 && log?.debugs) {
        log.debug({ channel, count, tookMs: Math.round(tookMs) }, 'deliveries claimed')
      }
    },
    lost({ id, notificationId, event, channel, attempts }) {
      measuring.on?.lost(channel)
      log?.warn(
        { delivery: id, notification: notificationId, event, channel, attempts },
        'lease lost: the worker of a delivery did not come back',
      )
    },
  }
}

/**
 * The queue, with its tickets counted. What takes them runs in the context in which it was started:
 * in that of whoever put one, its statements would be traced as part of a request.
 */
export function countTickets(queue: Queue, measuring: Measuring): Queue {
  return {
    ticket(channel, options) {
      measuring.on?.ticketPut(channel)
      queue.ticket(channel, options)
    },
    consume: (channel, concurrency, handler, hasRoom) =>
      queue.consume(
        channel,
        concurrency,
        AsyncResource.bind(() => {
          measuring.on?.ticketTaken(channel)
          return handler()
        }),
        hasRoom,
      ),
    close: () => queue.close(),
  }
}
