import { adoptLost, giveBack, renew } from '../../../src/outbox/hold.ts'
import { putOff } from '../../../src/outbox/put-off.ts'
import { type Ending, type Settled, settle } from '../../../src/outbox/settle.ts'
import { asFailed, asRetry, asSent, type Grip } from '../outbox.ts'
import { addDelivery, completedBy, isOpen, type Model, type ModelDelivery } from './model.ts'
import { channels, type Site, takeGrips, workerWith } from './site.ts'
import { type Step, same, sorted, step } from './step.ts'
import { leaseMs, tickMs } from './time.ts'

/** How a try ends; `over`: it was not made, its time is over; `refused`: without a fallback. */
export type End = 'sent' | 'failed' | 'refused' | 'cancelled' | 'over' | 'retry' | 'retry now'

export interface Some {
  readonly worker: number
  /** Which of those that it has: the first, and how many. */
  readonly from: number
  readonly count: number
  /** It has stalled and comes back to what it held once. */
  readonly stale: boolean
}

function endingOf(grip: Grip, end: End, code?: string): Ending {
  switch (end) {
    case 'sent':
      return asSent(grip)
    case 'retry':
      return asRetry(grip, tickMs, code)
    case 'retry now':
      return asRetry(grip, 0, code)
    case 'cancelled':
      return { ...asFailed(grip), outcome: 'cancelled' }
    case 'refused':
      return { ...asFailed(grip), fallsBack: false }
    case 'over':
      return { ...asFailed(grip), tried: false, code: 'deadline-passed' }
    case 'failed':
      return code === undefined ? asFailed(grip) : { ...asFailed(grip), code }
  }
}

function isHeld(delivery: ModelDelivery, { claims }: Grip): boolean {
  return delivery.status === 'sending' && delivery.claims === claims
}

async function end(site: Site, endings: readonly Ending[]) {
  const settled = await settle(site.outbox, site.database, endings)
  const mine = endings.filter(({ id }) => settled.ids.has(id))
  const sent = mine.filter(({ outcome }) => outcome === 'sent')
  site.ledger.sent(sent.map(({ id }) => id))
  site.ledger.ended(mine.filter(({ outcome }) => outcome !== 'sent'))
  site.ledger.completed(settled.completed)
  return { endings, settled }
}

/** A worker says how its tries ended. */
export const settleSome = (given: Omit<Some, 'count'> & { ends: readonly End[] }): Step =>
  step(
    'settle',
    given,
    async (site) => {
      const { worker, from, stale, ends } = given
      const list = stale ? 'past' : 'held'
      const grips = takeGrips(site, worker, list, { from, count: ends.length })
      return end(
        site,
        grips.map((grip, n) => endingOf(grip, ends[n]!)),
      )
    },
    compareSettled,
  )

/** A worker says that those whose leases it took over were lost. */
export const settleLost = (given: { worker: number; count: number; end: End }): Step =>
  step(
    'settle lost',
    given,
    async (site) => {
      const grips = takeGrips(site, given.worker, 'adopted', { ...given, from: 0 })
      return end(
        site,
        grips.map((grip) => endingOf(grip, given.end, 'worker-lost')),
      )
    },
    compareSettled,
  )

function compareSettled(
  model: Model,
  { endings, settled }: { endings: readonly Ending[]; settled: Settled },
): void {
  const ids: string[] = []
  const fallen: string[] = []
  const completed = completedBy(model, () => {
    for (const ending of endings) {
      const delivery = model.deliveries.get(ending.id)!
      const believed = ending.outcome === 'sent' && isOpen(delivery)
      if (!believed && !isHeld(delivery, ending)) continue
      ids.push(delivery.id)
      apply(model, delivery, ending)
      const { fallback } = delivery
      if (ending.outcome !== 'failed' || !ending.fallsBack || !fallback) continue
      const message = { ...delivery, ...fallback, fallback: undefined, resendOf: null }
      if (addDelivery(model, { ...message, fallbackOf: delivery.id }, model.now)) {
        fallen.push(fallback.id)
      }
    }
  })
  same('settled', sorted(settled.ids), sorted(ids))
  same('fallen back', sorted(settled.fallen.map(({ id }) => id)), sorted(fallen))
  same('completed', sorted(settled.completed), sorted(completed))
}

function apply(model: Model, delivery: ModelDelivery, ending: Ending): void {
  const { outcome } = ending
  delivery.leaseUntil = null
  delivery.inLine = false
  delivery.alone = ending.outcome !== 'sent' && ending.code === 'worker-lost'
  delivery.status = outcome === 'retry' ? 'pending' : outcome
  // Also what was given back meanwhile, and was sent all the same.
  if (ending.outcome === 'sent' || ending.tried)
    delivery.attempts = Math.max(delivery.attempts, ending.attempts)
  if (ending.outcome === 'sent') return
  if (ending.tried) delivery.tries += 1
  else delivery.attempts -= 1
  if (outcome !== 'retry') return
  delivery.sendAt = model.now + ending.delayMs
  delivery.inLine = ending.delayMs <= 0
}

/** A worker whose process is stopped gives back what it has not begun. */
export const giveSomeBack = (given: Some): Step =>
  step(
    'give back',
    given,
    async (site) => {
      const { worker, stale } = given
      const list = stale ? 'past' : 'held'
      const grips = takeGrips(site, worker, list, given)
      await giveBack(site.outbox, site.database, grips)
      return grips
    },
    (model, grips) => {
      for (const grip of grips) {
        const delivery = model.deliveries.get(grip.id)!
        if (!isHeld(delivery, grip)) continue
        Object.assign(delivery, { status: 'pending', inLine: true, leaseUntil: null })
        delivery.attempts -= 1
      }
    },
  )

/** The windows of some are shut. */
export const putSomeOff = (given: Some & { ticks: number }): Step =>
  step(
    'put off',
    given,
    async (site) => {
      const { worker, stale, ticks } = given
      const list = stale ? 'past' : 'held'
      const grips = takeGrips(site, worker, list, given)
      const sendAt = site.dateAt(site.now() + ticks * tickMs)
      const put = await putOff(
        site.outbox,
        site.database,
        grips.map((grip) => ({
          ...grip,
          ...{ outcome: 'put-off', reason: 'window', sendAt, notBefore: sendAt },
        })),
      )
      site.ledger.ended(grips.filter(({ id }) => put.has(id)))
      return { grips, put }
    },
    (model, { grips, put }) => {
      const held = grips.filter((grip) => isHeld(model.deliveries.get(grip.id)!, grip))
      same('put off', sorted(put), sorted(held.map(({ id }) => id)))
      for (const { id } of held) {
        const delivery = model.deliveries.get(id)!
        const sendAt = model.now + given.ticks * tickMs
        Object.assign(delivery, { status: 'pending', inLine: false, leaseUntil: null, sendAt })
        delivery.attempts -= 1
        if (delivery.attempts === delivery.attemptsBefore) delivery.dueAt = sendAt
      }
    },
  )

export const renewSome = (given: Some): Step =>
  step(
    'renew',
    given,
    async (site) => {
      const worker = workerWith(site, given.worker, given.stale ? 'past' : 'held')
      const all = given.stale ? [...worker.held, ...worker.past] : worker.held
      const newest = new Map(all.map((grip) => [grip.id, grip]))
      const grips = [...newest.values()]
      return { grips, ...(await renew(site.outbox, site.database, grips, leaseMs)) }
    },
    (model, { grips, renewed, busy }) => {
      const held = grips.filter((grip) => isHeld(model.deliveries.get(grip.id)!, grip))
      same('renewed', sorted(renewed), sorted(held.map(({ id }) => id)))
      same('busy', [...busy], [])
      for (const { id } of held) model.deliveries.get(id)!.leaseUntil = model.now + leaseMs
    },
  )

/** A worker takes over what others hold no longer. */
export const adopt = (given: { worker: number }): Step =>
  step(
    'adopt',
    given,
    async (site) => {
      const worker = site.workers[given.worker]!
      const { events } = worker
      const lost = await adoptLost(site.outbox, site.database, { channels, events, leaseMs })
      worker.adopted.push(...lost)
      return { events, lost }
    },
    (model, { events, lost }) => {
      const expired = [...model.deliveries.values()].filter(
        ({ leaseUntil, event }) =>
          leaseUntil !== null && leaseUntil < model.now && events.includes(event),
      )
      const grip = ({ id, claims, attempts }: Pick<Grip, 'id' | 'claims' | 'attempts'>) =>
        `${id} claim ${claims} try ${attempts}`
      same('adopted', sorted(lost.map(grip)), sorted(expired.map(grip)))
      for (const delivery of expired) delivery.leaseUntil = model.now + leaseMs
    },
  )
