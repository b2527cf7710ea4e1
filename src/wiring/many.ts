import { refuseUnknown } from '../option/given.ts'
import { retry } from '../outbox/again.ts'
import type { DeliveryFilter } from '../outbox/filter.ts'
import {
  countDeliveries,
  exactNow,
  type FailedPlace,
  failedPage,
  waitingPage,
} from '../outbox/many.ts'
import { lookedFor } from './address-keys.ts'
import { cancelWaiting } from './cancel.ts'
import type { OperateParts } from './operate-parts.ts'

export interface ManyOptions {
  /** Told after each chunk how many are done, of how many there were at the beginning. */
  onProgress?(progress: { readonly done: number; readonly of: number }): void
}

/** What operators do with many deliveries at once. */
export interface Many {
  /** How many fit the filter, exactly. Throws `option-invalid`. */
  count(filter?: DeliveryFilter): Promise<number>
  /**
   * Tries the failed ones among the filter again, in chunks, those that failed first first. `left`
   * could not be: what was sensitive in their context, or the person, has been erased.
   */
  retryAll(
    filter: DeliveryFilter,
    options?: ManyOptions,
  ): Promise<{ readonly retried: number; readonly left: number }>
  /** Cancels those among the filter that wait, in chunks; what is being sent stays. */
  cancelAll(filter: DeliveryFilter, options?: ManyOptions): Promise<{ readonly cancelled: number }>
}

export function createMany(parts: OperateParts): Many {
  const { open, configuration } = parts
  /** All that is needed for a walk over what fits. */
  const begin = async (call: string, asked: DeliveryFilter, options: ManyOptions = {}) => {
    const filter = lookedFor(configuration.channels, asked, `deliveries.${call}`)
    const { onProgress } = refuseUnknown(options, ['onProgress'])
    const opened = await open()
    await opened.clock.refresh()
    const begun = await exactNow(opened.outbox, opened.database)
    return { ...opened, filter, onProgress, now: opened.clock.now(), begun }
  }
  return {
    async count(asked = {}) {
      const { database, filter, now } = await begin('count', asked)
      return countDeliveries(database.source, filter, now)
    },
    async retryAll(asked, options) {
      const walk = await begin('retryAll', asked, options)
      const { filter, database, outbox, queue, now, onProgress } = walk
      const { source } = database
      const isFailed = filter.status === undefined || [filter.status].flat().includes('failed')
      if (!isFailed) return { retried: 0, left: 0 }
      const failed = { ...filter, status: 'failed' } as const
      const of = onProgress ? await countDeliveries(source, failed, now) : 0
      let [retried, left, done] = [0, 0, 0]
      let place: FailedPlace | undefined
      for (;;) {
        const page = await failedPage(source, failed, walk, place)
        if (page === undefined) return { retried, left }
        place = page.last
        const again = new Set(await retry(outbox, database, page.ids))
        const rest = page.ids.filter((id) => !again.has(id))
        // Somebody else may have been quicker; only what is failed still is left.
        if (rest.length > 0) left += await stillFailed(rest)
        retried += again.size
        done += page.ids.length
        for (const channel of page.channels) queue.ticket(channel)
        onProgress?.({ done, of: Math.max(of, done) })
      }
    },
    async cancelAll(asked, options) {
      const walk = await begin('cancelAll', asked, options)
      const { filter, database, now, onProgress } = walk
      const { source } = database
      const isPending = filter.status === undefined || [filter.status].flat().includes('pending')
      if (!isPending) return { cancelled: 0 }
      const pending = { ...filter, status: 'pending' } as const
      const of = onProgress ? await countDeliveries(source, pending, now) : 0
      let cancelled = 0
      for (;;) {
        const ids = await waitingPage(source, pending, walk)
        if (ids.length === 0) return { cancelled }
        cancelled += (await cancelWaiting(parts, ids)).ids.size
        onProgress?.({ done: cancelled, of: Math.max(of, cancelled) })
      }
    },
  }

  async function stillFailed(ids: readonly string[]): Promise<number> {
    const { database, outbox } = await open()
    const [row] = await database.execute<{ count: number }>(
      `SELECT count(*)::int AS count FROM ${outbox.schema}.delivery
       WHERE id = ANY($1) AND status = 'failed'`,
      [ids],
    )
    return row!.count
  }
}
