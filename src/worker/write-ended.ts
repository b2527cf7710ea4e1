import type { Database } from '../database/contract.ts'
import { DeliveryError } from '../errors.ts'
import { returnTokens } from '../outbox/bucket.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { putOff } from '../outbox/put-off.ts'
import { type Ending, type Outcome, type Settled, settle } from '../outbox/settle.ts'
import type { Queue } from '../queue/contract.ts'
import type { DeliverySignal, Emitter, Signals } from '../signal/signals.ts'
import type { Ended, Watch } from './contract.ts'
import type { WriteChunk } from './settler.ts'

export interface WriteEndedParts {
  readonly outbox: Outbox
  readonly database: Database & { transaction<T>(work: (tx: Database) => Promise<T>): Promise<T> }
  readonly emitter: Emitter
  readonly queue: Queue
  readonly watch: Watch
  /** Writes what is to follow completed notifications, in the transaction that completes them. */
  followUp(tx: Database, completed: readonly string[]): Promise<() => void>
}

function hasFollowUp({ about }: Ended): boolean {
  return 'options' in about ? about.options.onCompleted !== undefined : about.onCompleted
}

/** Settles a chunk of tries, with what follows from it; the function given back fires the signals. */
export function createWriteEnded(parts: WriteEndedParts): WriteChunk<Ended> {
  const { outbox, database, emitter, queue, watch } = parts
  const write = async (chunk: readonly Ended[]): Promise<[Settled, () => void]> => {
    const endings = chunk.map(({ outcome }) => outcome as Ending)
    if (!chunk.some(hasFollowUp)) return [await settle(outbox, database, endings), () => {}]
    return database.transaction(async (tx) => {
      const settled = await settle(outbox, tx, endings)
      return [settled, await parts.followUp(tx, settled.completed)]
    })
  }
  return async (chunk) => {
    const beganAt = performance.now()
    const late = chunk.flatMap(({ outcome }) => (outcome.outcome === 'put-off' ? [outcome] : []))
    const ended = chunk.filter(({ outcome }) => outcome.outcome !== 'put-off')
    // First: written twice, where the rest fails, it changes nothing.
    const put = late.length > 0 ? await putOff(outbox, database, late) : none
    const [settled, afterCommit] = ended.length > 0 ? await write(ended) : nothing
    const untried = await giveTokensBack(parts, chunk)
    watch.wrote(performance.now() - beganAt)
    return () => {
      afterCommit()
      for (const channel of untried) queue.ticket(channel)
      for (const ended of chunk) {
        const { id } = ended.outcome
        if (!settled.ids.has(id) && !put.has(id)) continue
        watch.settled(ended)
        tell(emitter, ended)
      }
      for (const fallen of settled.fallen) emitter.emit('delivery:queued', fallen)
      for (const channel of new Set(settled.fallen.map((each) => each.channel))) {
        queue.ticket(channel)
      }
      for (const id of settled.completed) emitter.emit('notification:completed', { id })
    }
  }
}

/** What was not tried has used up nothing of its channel's rate. Gives the channels. */
async function giveTokensBack(
  { outbox, database }: WriteEndedParts,
  chunk: readonly Ended[],
): Promise<Iterable<string>> {
  const counts = new Map<string, number>()
  for (const { outcome, about } of chunk) {
    if (isTried(outcome)) continue
    counts.set(about.channel, (counts.get(about.channel) ?? 0) + 1)
  }
  for (const [channel, count] of counts) {
    // Only quicker than waiting for new ones: what is written must not be written again for it.
    await returnTokens(outbox, database, channel, count).catch(() => {})
  }
  return counts.keys()
}

function isTried(outcome: Outcome): boolean {
  return outcome.outcome === 'sent' || (outcome.outcome !== 'put-off' && outcome.tried)
}

const none: ReadonlySet<string> = new Set()
const nothing: [Settled, () => void] = [{ ids: none, completed: [], fallen: [] }, () => {}]

const signals = {
  'put-off': 'delivery:deferred',
  cancelled: 'delivery:cancelled',
  sent: 'delivery:sent',
  failed: 'delivery:failed',
  retry: 'delivery:retrying',
} as const satisfies Record<Outcome['outcome'], keyof Signals>

function tell(emitter: Emitter, { outcome, about }: Ended): void {
  if (!emitter.hears(signals[outcome.outcome])) return
  const delivery: DeliverySignal = {
    id: about.id,
    notificationId: about.notificationId,
    event: about.event,
    channel: about.channel,
    users: about.users,
  }
  if (outcome.outcome === 'put-off') {
    const { sendAt } = outcome
    emitter.emit('delivery:deferred', { ...delivery, sendAt })
    return
  }
  if (outcome.outcome === 'cancelled') {
    emitter.emit('delivery:cancelled', { id: about.id })
    return
  }
  const attempt = outcome.attempts - about.attemptsBefore - (isTried(outcome) ? 0 : 1)
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
