import type { Skipped } from '../recipient/skip.ts'
import {
  countOf,
  deliveriesOf,
  type FoundNotification,
  notesOf,
  type QueuedDelivery,
} from './find.ts'
import type { NewDelivery } from './new-delivery.ts'
import type { Executor, Outbox } from './outbox.ts'

/** What `send` did. */
export interface SendResult {
  readonly notificationId: string
  readonly event: string
  /** How many deliveries the notification has. */
  readonly count: number
  /** The deliveries: all of them up to 1,000, else the first 1,000 (see `all`). */
  readonly deliveries: readonly QueuedDelivery[]
  /** Every delivery, read in pages from the outbox. */
  all(): AsyncGenerator<QueuedDelivery>
  /** Recipients × channels that got no delivery, with the reason. */
  readonly skipped: Skipped
  /** True where the idempotency key had been used before: this is the first result, nothing was added. */
  readonly repeated: boolean
}

/** How far a `send` has come, in this call. */
export interface SendProgress {
  readonly notificationId: string
  /** Recipients whose deliveries are written, from the first one on. */
  readonly recipients: number
  /** Deliveries that this call has written; those of an earlier call with the same key are not counted. */
  readonly deliveries: number
  /** Recipients × channels among them that got no delivery. */
  readonly skipped: number
  /** An earlier call with the same key did not come to its end, and this one goes on with it. */
  readonly continued: boolean
}

interface Made {
  readonly notificationId: string
  readonly event: string
  readonly repeated: FoundNotification | undefined
  readonly skipped: Skipped
  readonly deliveries: readonly NewDelivery[]
  /** `deliveries` are all that the notification has. */
  readonly complete: boolean
}

const kept = 1000
/** Before every id. */
const first = '00000000-0000-0000-0000-000000000000'

/** All deliveries of a notification, of pages that are full until the last one. */
export async function* inPages(
  pageAfter: (after: string) => Promise<readonly QueuedDelivery[]>,
): AsyncGenerator<QueuedDelivery> {
  let after = first
  for (;;) {
    const page = await pageAfter(after)
    yield* page
    if (page.length < kept) return
    after = page.at(-1)!.id
  }
}

/** The page of a notification's deliveries that follows an id. */
export const pageOf = (outbox: Outbox, from: Executor, notificationId: string, after: string) =>
  deliveriesOf(outbox, from, notificationId, after, kept)

export async function createResult(
  outbox: Outbox,
  { database, own }: { readonly database: Executor; readonly own: Executor },
  made: Made,
): Promise<SendResult> {
  const { notificationId, event, repeated, complete } = made
  // Through the caller's transaction as long as it lasts, which alone sees what is not committed.
  const pageAfter = (after: string) => {
    const page = (from: Executor) => pageOf(outbox, from, notificationId, after)
    return page(database).catch((thrown) => (own === database ? Promise.reject(thrown) : page(own)))
  }
  const inMemory = complete && repeated === undefined
  return {
    notificationId,
    event,
    count: inMemory ? made.deliveries.length : await countOf(outbox, database, notificationId),
    deliveries: inMemory ? made.deliveries.slice(0, kept).map(toQueued) : await pageAfter(first),
    all: () => inPages(pageAfter),
    skipped: repeated?.skipped ?? made.skipped,
    repeated: repeated !== undefined,
  }
}

function toQueued(delivery: NewDelivery): QueuedDelivery {
  const { id, channel, addressKey: to, users, locale, zone, sendAt = null, reason } = delivery
  return { id, channel, to, users, locale, zone, sendAt, reason, notes: notesOf(delivery) }
}
