import type { Database } from '../database/contract.ts'
import { DeliveryError } from '../errors.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { type Settled, settle } from '../outbox/settle.ts'
import type { Queue } from '../queue/contract.ts'
import type { DeliverySignal, Emitter } from '../signal/signals.ts'
import type { Ended } from './contract.ts'
import type { WriteChunk } from './settler.ts'

export interface WriteEndedParts {
  readonly outbox: Outbox
  readonly database: Database & { transaction<T>(work: (tx: Database) => Promise<T>): Promise<T> }
  readonly emitter: Emitter
  readonly queue: Queue
  /** Writes what is to follow completed notifications, in the transaction that completes them. */
  followUp(tx: Database, completed: readonly string[]): Promise<() => void>
}

function hasFollowUp({ about }: Ended): boolean {
  return 'options' in about ? about.options.onCompleted !== undefined : about.onCompleted
}

/** Settles a chunk of tries, with what follows from it; the function given back fires the signals. */
export function createWriteEnded(parts: WriteEndedParts): WriteChunk<Ended> {
  const { outbox, database, emitter, queue } = parts
  const write = async (chunk: readonly Ended[]): Promise<[Settled, () => void]> => {
    const outcomes = chunk.map(({ outcome }) => outcome)
    if (!chunk.some(hasFollowUp)) return [await settle(outbox, database, outcomes), () => {}]
    return database.transaction(async (tx) => {
      const settled = await settle(outbox, tx, outcomes)
      return [settled, await parts.followUp(tx, settled.completed)]
    })
  }
  return async (chunk) => {
    const [settled, afterCommit] = await write(chunk)
    return () => {
      afterCommit()
      for (const ended of chunk) if (settled.ids.has(ended.outcome.id)) tell(emitter, ended)
      for (const fallen of settled.fallen) emitter.emit('delivery:queued', fallen)
      for (const channel of new Set(settled.fallen.map((each) => each.channel))) {
        queue.ticket(channel)
      }
      for (const id of settled.completed) emitter.emit('notification:completed', { id })
    }
  }
}

function tell(emitter: Emitter, { outcome, about }: Ended): void {
  const delivery: DeliverySignal = {
    id: about.id,
    notificationId: about.notificationId,
    event: about.event,
    channel: about.channel,
    users: about.users,
  }
  const attempt = outcome.attempts - about.attemptsBefore
  if (outcome.outcome === 'sent') {
    const refused = (outcome.receipt.refused as readonly unknown[] | undefined)?.length ?? 0
    emitter.emit('delivery:sent', { ...delivery, attempt, tookMs: outcome.tookMs, refused })
    return
  }
  const { code, text, delayMs } = outcome
  const failed = { ...delivery, attempt, code, error: new DeliveryError(text, { code }) }
  if (outcome.outcome === 'failed') emitter.emit('delivery:failed', failed)
  else emitter.emit('delivery:retrying', { ...failed, delayMs })
}
