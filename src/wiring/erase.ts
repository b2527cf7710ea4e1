import { isDeepStrictEqual } from 'node:util'
import type { Database } from '../database/contract.ts'
import { EnvoyerError } from '../errors.ts'
import { refuseUnknown } from '../option/given.ts'
import type { ChannelMap } from '../option/infer.ts'
import {
  emptyContexts,
  eraseFrom,
  eraseMentions,
  eraseWhole,
  findSuspects,
  lockSuspects,
  type Suspect,
} from '../outbox/erase.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { type Person, type Without, without } from '../outbox/person.ts'
import { cancel, type Settled } from '../outbox/settle.ts'
import { keysLike, keysOf } from './address-keys.ts'
import { tellCancelled } from './cancel.ts'
import type { OperateParts } from './operate-parts.ts'

/** What was erased of a person. */
export interface Erased {
  /** Deliveries that they were taken out of. */
  readonly deliveries: number
  /** Notifications that were theirs alone, and whose context was emptied. */
  readonly notifications: number
  /** Deliveries among them that waited, and were cancelled. */
  readonly cancelled: number
  /**
   * Deliveries that still hold their data: one that is being sent, or one to a group that waits and
   * does not tell which of its addresses is theirs. Erase again once they have ended.
   */
  readonly left: number
}

const none: Erased = { deliveries: 0, notifications: 0, cancelled: 0, left: 0 }
const sum = (a: Erased, b: Erased): Erased => ({
  deliveries: a.deliveries + b.deliveries,
  notifications: a.notifications + b.notifications,
  cancelled: a.cancelled + b.cancelled,
  left: a.left + b.left,
})

/** So many deliveries a transaction, those of a notification together. */
const atOnce = 100

function chunksOf(found: readonly { id: string; notificationId: string }[]): string[][] {
  const chunks: string[][] = []
  let last: string | undefined
  for (const { id, notificationId } of found) {
    const chunk = chunks.at(-1)
    if (chunk && (chunk.length < atOnce || notificationId === last)) chunk.push(id)
    else chunks.push([id])
    last = notificationId
  }
  return chunks
}

interface Step {
  readonly outbox: Outbox
  readonly tx: Database
  readonly channels: ChannelMap
  readonly person: Person
  /** Told what the cancelling of what waits completed, before their contexts are emptied. */
  completed(ids: readonly string[]): Promise<void>
}

/** Erases from one chunk; gives what was settled by it. */
async function eraseChunk(
  { outbox, tx, channels, person, completed }: Step,
  ids: readonly string[],
): Promise<{ erased: Erased; settled: Settled }> {
  const suspects = await lockSuspects(outbox, tx, ids)
  const plans = new Map<Suspect, Without>(
    suspects.map((each) => [each, without(person, each, keysOf(channels, each.channel))]),
  )
  const waits = ({ status }: Suspect) => status === 'pending'
  const whole = suspects.filter((each) => {
    const plan = plans.get(each)
    return plan === 'whole' || (plan === 'unknown' && !waits(each))
  })
  const settled = await cancel(
    outbox,
    tx,
    whole.filter(waits).map(({ id }) => id),
  )
  await completed(settled.completed)
  const emptied = await eraseWhole(
    outbox,
    tx,
    whole.map(({ id }) => id),
  )
  const changed = [...plans].flatMap(([{ id, ...before }, plan]) => {
    if (typeof plan === 'string' || isSame(before, plan)) return []
    return [{ ...plan, id, hush: !isDeepStrictEqual(before.recipient, plan.recipient) }]
  })
  const taken = changed.length > 0 ? await eraseFrom(outbox, tx, changed) : []
  const unknown = suspects.filter((each) => plans.get(each) === 'unknown' && waits(each)).length
  const notifications = await emptyContexts(outbox, tx, [
    ...new Set(suspects.map(({ notificationId }) => notificationId)),
  ])
  const deliveries = emptied.length + taken.length
  const left = whole.length + changed.length - deliveries + unknown
  return { settled, erased: { deliveries, notifications, cancelled: settled.ids.size, left } }
}

/** It was only suspected: a part of its text is like the address. */
function isSame(before: Omit<Suspect, 'id'>, after: Exclude<Without, string>): boolean {
  const whom = ({ recipient, address, fallback }: typeof after) => [recipient, address, fallback]
  return isDeepStrictEqual(whom(before), whom(after))
}

function personOf(channels: ChannelMap, whose: unknown): Person {
  const { user, to, ...rest } = (whose ?? {}) as Record<string, unknown>
  const isUser = to === undefined && ['string', 'number'].includes(typeof user) && user !== ''
  const isTo = user === undefined && typeof to === 'string' && to !== ''
  if (Object.keys(rest).length === 0 && isUser) return { user: String(user) }
  if (Object.keys(rest).length === 0 && isTo) return { to: keysLike(channels, String(to)) }
  throw new EnvoyerError(
    'option-invalid',
    'erase: give one of `user` (a user id) and `to` (an address)',
  )
}

/** Undoes a transaction that was only to show what would be done. */
class Rehearsed extends Error {
  readonly erased: Erased

  constructor(erased: Erased) {
    super('rehearsed')
    this.erased = erased
  }
}

export function createErase({ configuration, open, emitter, followUp }: OperateParts) {
  const { channels } = configuration
  const eraseReally = async (person: Person, ids: readonly string[]): Promise<Erased> => {
    const { database, outbox } = await open()
    let afterCommit = () => {}
    const { erased, settled } = await database.transaction(async (tx) => {
      const completed = async (ended: readonly string[]) => {
        afterCommit = await followUp(tx, ended)
      }
      return eraseChunk({ outbox, tx, channels, person, completed }, ids)
    })
    afterCommit()
    tellCancelled(emitter, settled)
    return erased
  }
  const rehearse = async (person: Person, ids: readonly string[]): Promise<Erased> => {
    const { database, outbox } = await open()
    try {
      return await database.transaction(async (tx) => {
        const step = { outbox, tx, channels, person, completed: async () => {} }
        throw new Rehearsed((await eraseChunk(step, ids)).erased)
      })
    } catch (thrown) {
      if (thrown instanceof Rehearsed) return thrown.erased
      throw thrown
    }
  }
  return async (
    whose: { readonly user: string | number } | { readonly to: string },
    options: { readonly dryRun?: boolean } = {},
  ): Promise<Erased> => {
    const person = personOf(channels, whose)
    const { dryRun } = refuseUnknown(options, ['dryRun'])
    const { database, outbox } = await open()
    let erased = none
    for (const ids of chunksOf(await findSuspects(outbox, database, person))) {
      erased = sum(erased, await (dryRun ? rehearse : eraseReally)(person, ids))
    }
    if (!dryRun) await database.transaction((tx) => eraseMentions(outbox, tx, person))
    return erased
  }
}
