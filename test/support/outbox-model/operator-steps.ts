import { resend, retry } from '../../../src/outbox/again.ts'
import { createId } from '../../../src/outbox/id.ts'
import { reschedule } from '../../../src/outbox/reschedule.ts'
import { cancel } from '../../../src/outbox/settle.ts'
import { addDelivery, canBeSent, completedBy } from './model.ts'
import type { Site } from './site.ts'
import { type Step, same, sorted, step } from './step.ts'
import { tickMs } from './time.ts'

/** Neighbours in a list, such as deliveries of one notification. */
export interface Chosen {
  readonly from: number
  readonly count: number
}

/** Of a status, where there are such: an operator mostly does what makes sense. */
function choose(site: Site, { from, count }: Chosen, status: string): string[] {
  const { deliveries } = site.seen()
  const fit = deliveries.filter((each) => each.status === status)
  const list = fit.length > 0 && from % 3 > 0 ? fit : deliveries
  const start = from % Math.max(1, list.length)
  return list.slice(start, start + count).map(({ id }) => id)
}

export const retryFailed = (given: Chosen): Step =>
  step(
    'retry',
    given,
    async (site) => {
      const ids = choose(site, given, 'failed')
      const retried = await retry(site.outbox, site.database, ids)
      const of = new Map(site.seen().deliveries.map((each) => [each.id, each.notification]))
      for (const id of retried) {
        site.ledger.retried(id)
        site.ledger.reopened(of.get(id)!)
      }
      return { ids, retried }
    },
    (model, { ids, retried }) => {
      const failed = ids.filter((id) => {
        const delivery = model.deliveries.get(id)!
        return delivery.status === 'failed' && canBeSent(model, delivery)
      })
      same('retried', sorted(retried), sorted(failed))
      for (const id of failed) {
        const delivery = model.deliveries.get(id)!
        const now = { sendAt: model.now, dueAt: model.now }
        Object.assign(delivery, { status: 'pending', inLine: true, ...now })
        delivery.attemptsBefore = delivery.attempts
      }
    },
  )

export const resendSent = (given: Chosen): Step =>
  step(
    'resend',
    given,
    async (site) => {
      const [id] = choose(site, given, 'sent')
      if (id === undefined) return undefined
      const newId = createId()
      const resent = await resend(site.outbox, site.database, id, newId)
      const { notification } = site.seen().deliveries.find((each) => each.id === id)!
      if (resent) site.ledger.reopened(notification)
      return { id, newId, resent }
    },
    (model, result) => {
      if (result === undefined) return
      const { id, newId, resent } = result
      const delivery = model.deliveries.get(id)!
      const can = delivery.status === 'sent' && canBeSent(model, delivery)
      same('resent', resent, can)
      if (!can) return
      const again = { ...delivery, id: newId, resendOf: id, fallbackOf: null, fallback: undefined }
      addDelivery(model, again, model.now)
    },
  )

export const cancelWaiting = (given: Chosen): Step =>
  step(
    'cancel',
    given,
    async (site) => {
      const ids = choose(site, given, 'pending')
      const cancelled = await cancel(site.outbox, site.database, ids)
      site.ledger.completed(cancelled.completed)
      return { ids, cancelled }
    },
    (model, { ids, cancelled }) => {
      const waiting = ids.filter((id) => model.deliveries.get(id)!.status === 'pending')
      const completed = completedBy(model, () => {
        for (const id of waiting) {
          Object.assign(model.deliveries.get(id)!, { status: 'cancelled', inLine: false })
        }
      })
      same('cancelled', sorted(cancelled.ids), sorted(waiting))
      same('completed', sorted(cancelled.completed), sorted(completed))
      same('fallen back', cancelled.fallen, [])
    },
  )

export const rescheduleWaiting = (given: Chosen & { ticks: number }): Step =>
  step(
    'reschedule',
    given,
    async (site) => {
      const ids = choose(site, given, 'pending')
      const to = site.dateAt(site.now() + given.ticks * tickMs)
      const moves = ids.map((id) => ({ id, to, reason: 'open' as const }))
      return { ids, moved: await reschedule(site.outbox, site.database, moves) }
    },
    (model, { ids, moved }) => {
      const waiting = ids.filter((id) => model.deliveries.get(id)!.status === 'pending')
      same('moved', sorted(moved), sorted(waiting))
      for (const id of waiting) {
        const delivery = model.deliveries.get(id)!
        delivery.sendAt = model.now + given.ticks * tickMs
        delivery.inLine = given.ticks <= 0
        if (delivery.attempts === delivery.attemptsBefore) delivery.dueAt = delivery.sendAt
      }
    },
  )
