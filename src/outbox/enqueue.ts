import { EnvoyerError } from '../errors.ts'
import type { Chunk } from '../recipient/chunks.ts'
import type { Skipped } from '../recipient/skip.ts'
import type { Claimed } from './claimed.ts'
import { countsByChannel, type FoundNotification, findByKey } from './find.ts'
import type { NewDelivery } from './new-delivery.ts'
import type { Executor, Outbox } from './outbox.ts'
import {
  addDeliveries,
  type NewNotification,
  openNotification,
  sealNotification,
  type Taking,
  type Terms,
  writeWhole,
} from './write.ts'

/** Deliveries of one statement. */
export const chunkSize = 1000

/** Runs its argument in one transaction: the envoyer's own, or the caller's, which is open already. */
export type InTransaction = <T>(work: (tx: Executor) => Promise<T>) => Promise<T>

/** What is to be written in the transaction in which a notification comes to its end. */
export type WhenCompleted = (tx: Executor, id: string) => Promise<void>

export interface Enqueued {
  readonly notificationId: string
  /** Ids that this call wrote. */
  readonly written: readonly string[]
  /** Those of them that were taken as they were written. */
  readonly claimed: readonly Claimed[]
  /** The key was used before: this is what was written then. */
  readonly repeated: FoundNotification | undefined
  /** An earlier call with the same key had written some of it. */
  readonly continued: boolean
  /** This call brought it to its end: there was nothing to deliver, or all is settled already. */
  readonly completed: boolean
}

/** The notification that has this one's key; throws `key-reused` where it is of another context. */
async function keyHolder(
  o: Outbox,
  tx: Executor,
  { event, key, fingerprint }: NewNotification,
): Promise<FoundNotification> {
  const found = await findByKey(o, tx, event, key!)
  if (found === undefined) {
    // The other writer rolled back, or it was pruned, between two statements.
    throw new EnvoyerError('key-reused', `"${key}" was being used by another call; call again`)
  }
  if (!fingerprint!.matches(found.keyHash))
    throw new EnvoyerError('key-reused', `event "${event}", key "${key}"`)
  return found
}

/** Writes everything in one transaction: one statement where it fits into a chunk. */
export async function enqueueWhole(
  o: Outbox,
  inTransaction: InTransaction,
  autocommit: Executor,
  notification: NewNotification,
  terms: Terms,
  deliveries: readonly NewDelivery[],
  skipped: Skipped,
  whenCompleted: WhenCompleted,
  taking: Taking | undefined,
): Promise<Enqueued> {
  const small = deliveries.length <= chunkSize
  const write = async (tx: Executor): Promise<Enqueued> => {
    const claimed = small
      ? await writeWhole(o, tx, notification, skipped, terms, deliveries, taking)
      : (await openNotification(o, tx, notification, skipped)) && []
    if (!claimed)
      return continueWhole(o, tx, notification, terms, deliveries, skipped, whenCompleted)
    if (!small) {
      await addChunks(o, tx, terms, deliveries)
      await sealNotification(o, tx, notification.id, skipped)
    }
    const written = deliveries.map((delivery) => delivery.id)
    const completed = deliveries.length === 0
    if (completed) await whenCompleted(tx, notification.id)
    const made = { repeated: undefined, continued: false, completed }
    return { notificationId: notification.id, written, claimed, ...made }
  }
  // One statement is a transaction by itself.
  return small && deliveries.length > 0 ? write(autocommit) : inTransaction(write)
}

/** False where another call with the same key has sealed it meanwhile. */
async function addChunks(
  o: Outbox,
  tx: Executor,
  terms: Terms,
  deliveries: readonly NewDelivery[],
): Promise<string[] | undefined> {
  const written: string[] = []
  for (let at = 0; at < deliveries.length; at += chunkSize) {
    const added = await addDeliveries(o, tx, terms, deliveries.slice(at, at + chunkSize))
    if (added === undefined) return undefined
    written.push(...added)
  }
  return written
}

/** The first result, of a key that is taken. */
const repeatedBy = (found: FoundNotification): Enqueued => ({
  ...{ notificationId: found.id, written: [], claimed: [], repeated: found },
  ...{ continued: false, completed: false },
})

/** The key is taken: the first result, or the rest of what a crash left unsealed. */
async function continueWhole(
  o: Outbox,
  tx: Executor,
  notification: NewNotification,
  terms: Terms,
  deliveries: readonly NewDelivery[],
  skipped: Skipped,
  whenCompleted: WhenCompleted,
): Promise<Enqueued> {
  const found = await keyHolder(o, tx, notification)
  if (found.sealed) return repeatedBy(found)
  const own = { ...terms, notificationId: found.id, lane: found.id }
  const written = await addChunks(o, tx, own, deliveries)
  if (written === undefined) return repeatedBy(await keyHolder(o, tx, notification))
  const completed = await sealNotification(o, tx, found.id, skipped)
  if (completed) await whenCompleted(tx, found.id)
  const made = { repeated: undefined, continued: true, completed }
  return { notificationId: found.id, written, claimed: [], ...made }
}

/** What is written a chunk at a time. */
export interface Chunked {
  readonly chunks: AsyncIterable<Chunk<NewDelivery>>
  skipped(): Skipped
  /** Told after each chunk; `continued`: an earlier call has written some of it already. */
  wrote(
    chunk: Chunk<NewDelivery>,
    written: readonly string[],
    of: Pick<Enqueued, 'notificationId' | 'continued'>,
  ): Promise<void>
  /** Told at the end of one with a key, which others may write too, how many each channel has. */
  recount(counts: ReadonlyMap<string, number>): void
  readonly whenCompleted: WhenCompleted
}

/** Writes a notification of unknown length: a transaction a chunk, sealed at the end. */
export async function enqueueChunks(
  o: Outbox,
  inTransaction: InTransaction,
  notification: NewNotification,
  terms: Terms,
  { chunks, skipped, wrote, recount, whenCompleted }: Chunked,
): Promise<Enqueued> {
  const found = await inTransaction(async (tx) =>
    (await openNotification(o, tx, notification, skipped()))
      ? undefined
      : keyHolder(o, tx, notification),
  )
  if (found?.sealed) return repeatedBy(found)
  const continued = found !== undefined
  const id = found?.id ?? notification.id
  const own = { ...terms, notificationId: id, lane: id }
  const seal = () =>
    inTransaction(async (tx) => {
      if (notification.key !== undefined) recount(await countsByChannel(o, tx, id))
      const completed = await sealNotification(o, tx, id, skipped())
      if (completed) await whenCompleted(tx, id)
      return completed
    })
  try {
    for await (const chunk of chunks) {
      const written = await inTransaction((tx) => addDeliveries(o, tx, own, chunk.made))
      if (written === undefined) {
        if (notification.key === undefined) throw new EnvoyerError('send-abandoned', id)
        return repeatedBy(await inTransaction((tx) => keyHolder(o, tx, notification)))
      }
      await wrote(chunk, written, { notificationId: id, continued })
    }
  } catch (thrown) {
    // With a key the caller can go on; without one nobody ever could: what is written is all.
    if (notification.key === undefined) await seal()
    throw thrown
  }
  const completed = await seal()
  const made = { repeated: undefined, continued, completed }
  return { notificationId: id, written: [], claimed: [], ...made }
}
