import type { AfterDeadline } from './availability/timing.ts'
import type { Database } from './database/contract.ts'
import { toError } from './errors.ts'
import type { EventDefinition } from './event/define.ts'
import type { JsonObject } from './event/json.ts'
import type { Claimed } from './outbox/claimed.ts'
import {
  type Chunked,
  chunkSize,
  type Enqueued,
  enqueueChunks,
  enqueueWhole,
  type InTransaction,
  type WhenCompleted,
} from './outbox/enqueue.ts'
import { createId } from './outbox/id.ts'
import { type Identified, type NewDelivery, newDelivery } from './outbox/new-delivery.ts'
import type { Outbox } from './outbox/outbox.ts'
import { createResult, type SendProgress, type SendResult } from './outbox/result.ts'
import type { Fingerprint, NewNotification, Taking, Terms } from './outbox/write.ts'
import type { Addressed } from './recipient/addressed.ts'
import { inChunks, isMany, type Many, type Recipients } from './recipient/chunks.ts'
import { createExpand, type ExpandParts } from './recipient/expand.ts'
import {
  type ChannelTerms,
  type PlannedChannel,
  type PlanParts,
  refuseGroups,
  templatesMissing,
} from './recipient/plan.ts'
import { createSkipList, skipOf } from './recipient/skip.ts'

/** Options of a call once checked. */
export interface SendTerms extends ChannelTerms {
  readonly key: string | undefined
  readonly locale: string | undefined
  readonly urgent: boolean
  readonly at: Date | undefined
  /** Passes the windows by. */
  readonly immediate: boolean
  /** Stands for the time of the call, where the first opening is looked for. */
  readonly now: Date | undefined
  readonly deadline: Date | undefined
  /** The same, counted from `at` or else from the call. */
  readonly deadlineMs: number | undefined
  readonly afterDeadline: AfterDeadline
  /** Told after each transaction. */
  readonly onProgress: OnProgress | undefined
  /** What the worker will need: stored with the notification. */
  readonly stored: JsonObject
}

export type OnProgress = (progress: SendProgress) => void | Promise<void>

/** When the deliveries of one call go. */
export interface CallTiming {
  /** The windows are looked at from here; `undefined`: from now. */
  readonly notBefore: Date | undefined
  readonly deadline: Date | undefined
  schedule(delivery: Identified): Pick<NewDelivery, 'sendAt' | 'reason'>
}

/** What carries the writes of one call. */
export interface Carrier {
  readonly database: Database
  readonly inTransaction: InTransaction
  /** The caller's own transaction: nothing is committed when `send` returns. */
  readonly foreign: boolean
  /** Reads what was committed, after the carrier is gone too. */
  readonly own: Database
}

/** The steps of the request's half, each made by the module that it is named after. */
export interface SendSteps {
  event(name: string): EventDefinition
  context(name: string, event: EventDefinition, input: unknown): Promise<JsonObject>
  /** The context as it is stored. */
  conceal(event: EventDefinition, context: JsonObject): Pick<NewNotification, 'context' | 'secret'>
  fingerprint(event: EventDefinition, context: JsonObject): Fingerprint
  /** Refreshes settings and templates that another process may have changed. */
  refresh(carrier: Carrier): Promise<void>
  channels(name: string, event: EventDefinition, terms: ChannelTerms): PlannedChannel[]
  readonly plan: PlanParts
  expand(event: string): ExpandParts
  /** The first instants at which its deliveries may go out. */
  availability(event: string, terms: SendTerms): CallTiming
  readonly outbox: Outbox
  /** Writes what is to follow a notification that this call brings to its end. */
  whenCompleted: WhenCompleted
  /** Places of idle workers of this process, for what is about to be written. */
  places(deliveries: readonly NewDelivery[], carrier: Carrier): KeptPlaces
  /** Tells workers, and listeners of `delivery:queued` where the commit was ours. */
  ticket(queued: Queued): Promise<void>
  onError(error: Error): void
}

/** Places kept for the deliveries of one call. */
export interface KeptPlaces {
  readonly taking: Taking | undefined
  /** Sends what was taken as it was written; the other places are free again. */
  fill(claimed: readonly Claimed[]): void
}

export interface Queued {
  readonly event: string
  readonly urgent: boolean
  readonly carrier: Carrier
  readonly enqueued: Pick<Enqueued, 'notificationId' | 'completed' | 'claimed'>
  readonly deliveries: readonly NewDelivery[]
}

/** event → recipients → channels → templates found → availability → outbox → ticket. */
export function createSend(steps: SendSteps) {
  return async (
    name: string,
    recipients: Recipients,
    input: unknown,
    terms: SendTerms,
    carrier: Carrier,
  ): Promise<SendResult> => {
    const event = steps.event(name)
    const context = await steps.context(name, event, input)
    await steps.refresh(carrier)
    const plan = steps.channels(name, event, terms)
    const skips = createSkipList()
    const { locale } = terms
    const immediate = terms.immediate || event.immediate === true
    const expand = createExpand(steps.expand(name), plan, { locale, immediate }, skips.add)
    const timing = steps.availability(name, terms)
    const notification: NewNotification = {
      id: createId(),
      event: name,
      ...steps.conceal(event, context),
      options: terms.stored,
      key: terms.key,
      fingerprint: terms.key === undefined ? undefined : steps.fingerprint(event, context),
    }
    const common: Terms = {
      notificationId: notification.id,
      lane: notification.id,
      event: name,
      urgent: terms.urgent || event.urgent === true,
      notBefore: timing.notBefore,
      deadline: timing.deadline,
    }
    const make = (messages: readonly Addressed[]) =>
      messages.map((message) => newDelivery(message, timing.schedule))
    const { onProgress } = terms
    const call: Call = {
      steps,
      carrier,
      notification,
      terms: common,
      skips,
      plan,
      make,
      onProgress,
    }
    return isMany(recipients)
      ? sendChunks(call, recipients, expand)
      : sendWhole(call, Array.isArray(recipients) ? recipients : [recipients], expand)
  }
}

interface Call {
  readonly steps: SendSteps
  readonly carrier: Carrier
  readonly notification: NewNotification
  readonly terms: Terms
  readonly skips: ReturnType<typeof createSkipList>
  readonly plan: readonly PlannedChannel[]
  /** Gives messages their ids and times. */
  make(messages: readonly Addressed[]): NewDelivery[]
  readonly onProgress: OnProgress | undefined
}

/** How long recipients wait for others to fill their chunk, where the source is slow. */
const gatherMs = 1000

async function sendWhole(
  call: Call,
  recipients: readonly object[],
  expand: ReturnType<typeof createExpand>,
): Promise<SendResult> {
  const { steps, carrier, notification, terms, skips } = call
  const alone = recipients.flatMap((recipient) => expand.one(recipient))
  const deliveries = call.make([...alone, ...expand.groups()])
  refuseUntemplated(call, deliveries)
  const places = steps.places(deliveries, carrier)
  const enqueued = await enqueueWhole(
    steps.outbox,
    carrier.inTransaction,
    carrier.database,
    notification,
    terms,
    deliveries,
    skips.list(),
    steps.whenCompleted,
    places.taking,
  ).catch((thrown) => {
    places.fill([])
    throw thrown
  })
  const fresh = enqueued.written.length === deliveries.length
  const ours = new Set(fresh ? [] : enqueued.written)
  const written = fresh ? deliveries : deliveries.filter((delivery) => ours.has(delivery.id))
  await steps.ticket({ ...queuedOf(call), enqueued, deliveries: written })
  places.fill(enqueued.claimed)
  const counts = { recipients: recipients.length, deliveries: written.length }
  if (!enqueued.repeated) await tellProgress(call, enqueued, counts)
  return createResult(steps.outbox, carrier, {
    ...enqueued,
    event: terms.event,
    skipped: skips.list(),
    deliveries: written,
    complete: fresh,
  })
}

/** A listed channel over which nobody can be reached for want of a template fails the call. */
function refuseUntemplated(
  { steps, plan, skips, terms }: Call,
  deliveries: readonly NewDelivery[],
) {
  const { counts } = skips.list()
  const untemplated = plan.filter(
    ({ name, listed }) =>
      listed && counts[name]?.['no-template'] && !deliveries.some((each) => each.channel === name),
  )
  if (untemplated.length > 0) throw templatesMissing(steps.plan, terms.event, untemplated)
}

async function sendChunks(
  call: Call,
  recipients: Many,
  expand: ReturnType<typeof createExpand>,
): Promise<SendResult> {
  const { steps, carrier, notification, terms, skips, plan } = call
  refuseGroups(plan)
  const chunks = inChunks(recipients, (recipient) => call.make(expand.one(recipient)), {
    ...{ size: chunkSize, waitMs: gatherMs },
  })
  const made = new Map<string, number>()
  let deliveries = 0
  const wrote: Chunked['wrote'] = async (chunk, ids, of) => {
    const written = new Set(ids)
    deliveries += ids.length
    for (const each of chunk.made) {
      made.set(each.channel, (made.get(each.channel) ?? 0) + 1)
      if (written.has(each.id) || of.continued) continue
      const skip = skipOf(each, 'duplicate-address')
      if (notification.key === undefined) skips.add(skip)
      else skips.suspect(skip)
    }
    expand.forget()
    const queued = chunk.made.filter((each) => written.has(each.id))
    const enqueued = { notificationId: of.notificationId, completed: false, claimed: [] }
    await steps.ticket({ ...queuedOf(call), enqueued, deliveries: queued })
    await tellProgress(call, of, { recipients: chunk.recipients, deliveries })
  }
  // What another call wrote cannot be told from what is there twice, but in number.
  const recount: Chunked['recount'] = (counts) => {
    for (const [channel, count] of made) skips.settle(channel, count - (counts.get(channel) ?? 0))
  }
  const enqueued = await enqueueChunks(steps.outbox, carrier.inTransaction, notification, terms, {
    chunks,
    skipped: skips.list,
    wrote,
    recount,
    whenCompleted: steps.whenCompleted,
  })
  await steps.ticket({ ...queuedOf(call), enqueued, deliveries: [] })
  return createResult(steps.outbox, carrier, {
    ...enqueued,
    event: terms.event,
    skipped: skips.list(),
    deliveries: [],
    complete: false,
  })
}

/** A listener that throws must not stop half way what is to reach all. */
async function tellProgress(
  { onProgress, skips, steps }: Call,
  { notificationId, continued }: Pick<Enqueued, 'notificationId' | 'continued'>,
  counts: Pick<SendProgress, 'recipients' | 'deliveries'>,
): Promise<void> {
  try {
    await onProgress?.({ notificationId, ...counts, skipped: skips.total(), continued })
  } catch (thrown) {
    steps.onError(toError(thrown))
  }
}

const queuedOf = ({ terms, carrier }: Call) => ({
  event: terms.event,
  urgent: terms.urgent,
  carrier,
})
