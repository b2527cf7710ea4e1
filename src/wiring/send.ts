import type { DatabaseHandle } from '../database/handle.ts'
import { asDatabase, sameDatabase, withoutTimeLimit } from '../database/index.ts'
import { EnvoyerError } from '../errors.ts'
import { checkContext } from '../event/context.ts'
import { named } from '../names.ts'
import type { Configuration } from '../option/configuration.ts'
import type { NewDelivery } from '../outbox/new-delivery.ts'
import { notifyWorkers } from '../outbox/outbox.ts'
import { type PlanParts, planChannels } from '../recipient/plan.ts'
import type { Carrier, KeptPlaces, Queued, SendSteps } from '../send.ts'
import type { SettingStore } from '../setting/settings.ts'
import type { Emitter } from '../signal/signals.ts'
import type { Templates } from '../template/contract.ts'
import type { LocalWorker, Place } from '../worker/worker.ts'
import type { WriteEndedParts } from '../worker/write-ended.ts'
import { storeAddress } from './address.ts'
import type { Opened } from './open.ts'
import { conceal, fingerprint } from './sensitive.ts'
import { callTiming, type TimetableOf } from './timing.ts'

export interface SendParts {
  readonly configuration: Configuration
  readonly opened: Opened
  readonly settings: SettingStore
  readonly timetables: TimetableOf
  readonly templates: Templates
  readonly emitter: Emitter
  readonly followUp: WriteEndedParts['followUp']
  /** The workers of this process. */
  readonly workers: ReadonlySet<LocalWorker>
  onError(error: Error): void
}

/** What carries a call's writes: the caller's transaction, or our own. */
export async function carrierOf(
  { database }: Opened,
  schema: string,
  handed: DatabaseHandle | undefined,
): Promise<Carrier> {
  if (handed === undefined) {
    const inTransaction: Carrier['inTransaction'] = (work) =>
      withoutTimeLimit(database, () => database.transaction(work))
    return { database, inTransaction, foreign: false, own: database }
  }
  const theirs = asDatabase(handed)
  if (!(await sameDatabase(database, theirs, schema))) throw new EnvoyerError('other-database', [])
  return { database: theirs, inTransaction: (work) => work(theirs), foreign: true, own: database }
}

/** Gives each step of `send` to the module that it is named after. */
export function sendSteps(parts: SendParts): SendSteps {
  const { configuration, opened, settings, timetables, templates } = parts
  const { events, channels, recipient, zone, sealer } = configuration
  const { clock } = opened
  const plan: PlanParts = {
    channels,
    isOn: (name) => settings.channel(name).on,
    hasTemplates: templates.exists,
    missingTemplates: templates.missing,
  }
  return {
    event: (name) => named('event', events, name),
    context: checkContext,
    conceal: (event, context) => conceal(sealer, event, context),
    fingerprint: (event, context) => fingerprint(sealer, event, context),
    refresh: async ({ database, foreign }) => {
      const through = foreign ? database : undefined
      await templates.refresh()
      // One after the other: a transaction has one connection.
      await settings.refresh(through)
      await clock.refresh(through)
    },
    channels: (name, event, terms) => planChannels(plan, name, event, terms),
    plan,
    expand: (event) => ({
      options: recipient,
      zone,
      chooseLocale: (channel, asked) =>
        templates.exists(event, channel)
          ? templates.choose(event, channel, asked)
          : (asked ?? configuration.locale),
      store: (channel, address) => storeAddress(sealer, channel, address),
    }),
    availability: (name, terms) => callTiming(timetables, clock, name, terms),
    outbox: opened.outbox,
    whenCompleted: async (tx, id) => {
      await parts.followUp(tx, [id])
    },
    places: (deliveries, carrier) => keepPlaces(parts, deliveries, carrier),
    ticket: (queued) => tell(parts, queued),
    onError: parts.onError,
  }
}

/** So few go straight to a worker; of more, claims are cheaper. */
const straightAtMost = 10

const noPlaces: KeptPlaces = { taking: undefined, fill: () => {} }

function placeIn(workers: SendParts['workers'], channel: string): Place | undefined {
  for (const worker of workers) {
    const place = worker.reserve?.(channel)
    if (place) return place
  }
  return undefined
}

/**
 * Places of this process's workers for deliveries that are due as they are written, where nothing
 * waits before them: that saves the way back through the outbox. What is taken is written as claimed.
 */
function keepPlaces(
  { workers }: SendParts,
  deliveries: readonly NewDelivery[],
  { foreign }: Carrier,
): KeptPlaces {
  if (workers.size === 0 || foreign || deliveries.length > straightAtMost) return noPlaces
  const kept = new Map<string, Place>()
  for (const { id, channel, sendAt } of deliveries) {
    const place = sendAt === undefined ? placeIn(workers, channel) : undefined
    if (place) kept.set(id, place)
  }
  if (kept.size === 0) return noPlaces
  const places = [...kept.values()]
  const keptAt = performance.now()
  return {
    taking: {
      ids: new Set(kept.keys()),
      leaseMs: Math.min(...places.map(({ leaseMs }) => leaseMs)),
      buckets: places.flatMap(({ buckets }) => buckets),
    },
    fill(claimed) {
      const taken = new Map(claimed.map((each) => [each.id, each]))
      for (const [id, place] of kept) place.fill(taken.get(id), keptAt)
    },
  }
}

/** Wakes workers, and tells listeners what was queued, where the commit was ours. */
async function tell(parts: SendParts, queued: Queued): Promise<void> {
  const { carrier, deliveries, enqueued } = queued
  if (carrier.foreign) {
    // Inside the caller's transaction: heard by every worker when it commits.
    await notifyWorkers(parts.opened.outbox, carrier.database)
    return
  }
  const told = parts.emitter.hears('delivery:queued') ? deliveries : []
  for (const delivery of told) {
    parts.emitter.emit('delivery:queued', {
      id: delivery.id,
      notificationId: enqueued.notificationId,
      event: queued.event,
      channel: delivery.channel,
      users: delivery.users,
    })
  }
  wake(parts, queued)
  if (enqueued.completed) {
    // What follows it may go over any channel.
    for (const channel of Object.keys(parts.configuration.channels))
      parts.opened.queue.ticket(channel)
    parts.emitter.emit('notification:completed', { id: enqueued.notificationId })
  }
}

/** What is due later than this is left to the workers' own look, the farthest apart that it should be. */
const soonMs = 60_000

/** Tickets for what is due, and delayed ones for what is due later. */
function wake({ opened, workers }: SendParts, { deliveries, urgent, enqueued }: Queued): void {
  const { queue, clock } = opened
  const due = new Set<string>()
  /** By channel, when the first of those is due that are not yet. */
  const next = new Map<string, number>()
  const taken = new Set(enqueued.claimed.map(({ id }) => id))
  for (const { id, channel, sendAt } of deliveries) {
    if (taken.has(id)) continue
    if (sendAt === undefined) due.add(channel)
    else next.set(channel, Math.min(Number(sendAt), next.get(channel) ?? Number.POSITIVE_INFINITY))
  }
  for (const channel of due) queue.ticket(channel, { urgent })
  for (const [channel, at] of next) {
    const delayMs = Math.max(0, at - Number(clock.now()))
    for (const worker of workers) worker.soon(delayMs)
    if (workers.size === 0 && delayMs < soonMs) queue.ticket(channel, { delayMs, urgent })
  }
}
