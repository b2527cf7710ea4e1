import { createId } from '../../../src/outbox/id.ts'
import type { NewDelivery } from '../../../src/outbox/new-delivery.ts'
import {
  addDeliveries,
  type NewNotification,
  openNotification,
  sealNotification,
  type Taking,
  type Terms,
  writeWhole,
} from '../../../src/outbox/write.ts'
import { delivery, nothingSkipped } from '../outbox.ts'
import { hold, note } from './claim-steps.ts'
import {
  addDelivery,
  completedBy,
  isBlocked,
  isCompleted,
  type Model,
  type ModelNotification,
} from './model.ts'
import { bucketsOf, type ChannelName, channels, type Site } from './site.ts'
import { type Step, same, sorted, step } from './step.ts'
import { leaseMs, tickMs } from './time.ts'

export interface Writing {
  readonly event: string
  readonly urgent: boolean
  /** 0: a lane of its own; else one that it shares, as an endpoint's notifications do. */
  readonly lane: number
  readonly sensitive: boolean
}

export interface Batch {
  readonly channel: ChannelName
  /** For each delivery, in how many ticks it goes; 0: at once. */
  readonly later: readonly number[]
  /** Whether each has one over the other channel. */
  readonly fallsBack: boolean
  /** The number of the first address. */
  readonly from: number
}

const sharedLane = (lane: number) => `ffffffff-0000-7000-8000-00000000000${lane}`

function begin(given: Writing): { terms: Terms; notification: NewNotification } {
  const id = createId()
  return {
    terms: {
      ...{ notificationId: id, event: given.event, urgent: given.urgent },
      lane: given.lane === 0 ? id : sharedLane(given.lane),
      ...{ notBefore: undefined, deadline: undefined },
    },
    notification: {
      ...{ id, event: given.event, context: { what: id }, options: {} },
      ...{ secret: given.sensitive ? 'sealed' : undefined, key: undefined, fingerprint: undefined },
    },
  }
}

function newDeliveries(site: Site, { channel, later, fallsBack, from }: Batch): NewDelivery[] {
  const other = channels.find((each) => each !== channel)!
  return later.map((ticks, n) => {
    const address = `a${from + n}`
    return {
      ...delivery(channel, address, n),
      sendAt: ticks === 0 ? undefined : site.dateAt(site.now() + ticks * tickMs),
      fallback: fallsBack ? [delivery(other, address, n)] : [],
    }
  })
}

function addAll(model: Model, terms: Terms, deliveries: readonly NewDelivery[], batch: Batch) {
  return deliveries.filter(({ id, channel, addressKey, fallback: [fallback] }, n) => {
    const { notificationId: notification, lane, event, urgent } = terms
    const message = { id, notification, lane, event, channel, urgent, addressKey, fallback }
    const sendAt = model.now + batch.later[n]! * tickMs
    return addDelivery(model, { ...message, resendOf: null, fallbackOf: null }, sendAt)
  })
}

function addNotification(model: Model, id: string, sensitive: boolean, sealed: boolean): void {
  const secret: ModelNotification['secret'] = sensitive ? 'kept' : 'none'
  model.notifications.set(id, { id, sealed, secret })
}

/** What is due at once, for a worker that knows the event, where no places are shared by all. */
function takingOf(site: Site, given: Taken, deliveries: readonly NewDelivery[]) {
  const worker = site.workers[given.taker ?? -1]
  if (!worker?.events.includes(given.event) || site.overall !== undefined) return undefined
  const ids = deliveries.filter(({ sendAt }) => sendAt === undefined).map(({ id }) => id)
  const taking: Taking = { ids: new Set(ids), leaseMs, buckets: bucketsOf(given.channel) }
  return { worker, taking, ids }
}

type Taken = Writing & Batch & { readonly taker: number | undefined }

/** Writes a whole notification; what is due of it may be taken by a worker at once. */
export const write = (given: Taken): Step =>
  step(
    'write',
    given,
    async (site) => {
      const { terms, notification } = begin(given)
      const deliveries = newDeliveries(site, given)
      const { outbox, database } = site
      const skipped = nothingSkipped
      const taken = takingOf(site, given, deliveries)
      const claimed = await writeWhole(
        ...([outbox, database, notification, skipped, terms, deliveries, taken?.taking] as const),
      )
      if (taken) note(site, taken.worker, claimed ?? [])
      return { terms, deliveries, claimed, asked: taken?.ids ?? [] }
    },
    (model, { terms, deliveries, claimed, asked }) => {
      completedBy(model, () => {
        addNotification(model, terms.notificationId, given.sensitive, true)
        addAll(model, terms, deliveries, given)
      })
      const blocked = bucketsOf(given.channel).some((name) => isBlocked(model, name))
      same('taken', claimed && sorted(claimed.map(({ id }) => id)), blocked ? [] : sorted(asked))
      for (const each of claimed ?? []) hold(model, each)
      // Of nothing there is nothing to keep.
      const notification = model.notifications.get(terms.notificationId)!
      if (deliveries.length === 0 && given.sensitive) notification.secret = 'erased'
    },
  )

/** Begins a notification whose deliveries come in chunks. */
export const open = (given: Writing): Step =>
  step(
    'open',
    given,
    async (site) => {
      const { terms, notification } = begin(given)
      site.chunked.push(terms)
      const opened = await openNotification(
        ...([site.outbox, site.database, notification, nothingSkipped] as const),
      )
      return { id: terms.notificationId, opened }
    },
    (model, { id, opened }) => {
      same('opened', opened, true)
      addNotification(model, id, given.sensitive, false)
    },
  )

const pick = (site: Site, which: number) => site.chunked[which % Math.max(1, site.chunked.length)]

export const add = (given: Batch & { readonly which: number }): Step =>
  step(
    'add',
    given,
    async (site) => {
      const terms = pick(site, given.which)
      if (terms === undefined) return undefined
      const deliveries = newDeliveries(site, given)
      const added = await addDeliveries(site.outbox, site.database, terms, deliveries)
      return { terms, deliveries, added }
    },
    (model, result) => {
      if (result === undefined) return
      const { terms, deliveries, added } = result
      const sealed = model.notifications.get(terms.notificationId)!.sealed
      if (sealed && deliveries.length > 0) return same('added', added, undefined)
      const expected = addAll(model, terms, deliveries, given).map(({ id }) => id)
      same('added', added && sorted(added), sorted(expected))
    },
  )

export const seal = (given: { readonly which: number }): Step =>
  step(
    'seal',
    given,
    async (site) => {
      const id = pick(site, given.which)?.notificationId
      if (id === undefined) return undefined
      const completed = await sealNotification(site.outbox, site.database, id, nothingSkipped)
      if (completed) site.ledger.completed([id])
      return { id, completed }
    },
    (model, result) => {
      if (result === undefined) return
      const notification = model.notifications.get(result.id)!
      const completed = completedBy(model, () => {
        notification.sealed = true
      })
      same('completed by the seal', result.completed, completed.length > 0)
      if (result.completed) same('completed', isCompleted(model, result.id), true)
    },
  )
