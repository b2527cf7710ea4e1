import { countOf } from './fence.ts'
import { isOpen } from './model.ts'
import { channels, type Site } from './site.ts'
import type { SeenDelivery, Snapshot } from './snapshot.ts'
import { same } from './step.ts'

/** What holds at every instant, whoever did what in whatever order. */
export function checkInvariants(site: Site, before: Snapshot, after: Snapshot): void {
  for (const { id, open, sealed, completed, secret } of after.notifications) {
    const count = after.deliveries.filter((d) => d.notification === id && isOpen(d)).length
    same(`open ones of notification ${id}`, open, count)
    same(`notification ${id} completed`, completed, sealed && open === 0)
    if (completed) same(`secret of notification ${id} kept`, secret === 'sealed', false)
  }
  const earlier = new Map(before.deliveries.map((each) => [each.id, each]))
  for (const delivery of after.deliveries) {
    checkCounts(site, delivery)
    same(`${delivery.id} told to be sent`, site.ledger.wasSent(delivery.id), isSent(delivery))
    const was = earlier.get(delivery.id)
    if (was) checkStep(site, was, delivery)
  }
  for (const channel of channels) {
    const mine = after.deliveries.filter((d) => d.channel === channel && d.status === 'sending')
    const over = mine.length > (site.overall ?? mine.length)
    same(`more than ${site.overall} in flight of ${channel}`, over, false)
  }
  const ids = new Set(after.deliveries.map(({ id }) => id))
  const gone = before.deliveries.filter(({ id }) => !ids.has(id))
  same('deliveries gone', gone, [])
  site.ledger.check()
}

const isSent = ({ status }: SeenDelivery) => status === 'sent'

/** Each try is counted, as failed, as sent, or as under way; and nothing else is. */
function checkCounts(site: Site, delivery: SeenDelivery): void {
  const { id, status, attempts, tries, attemptsBefore } = delivery
  const claims = countOf(delivery.claims) + site.ledger.forgotten(id)
  // What was said to be sent by a worker that was counted as lost already, was one try.
  const others = attempts - tries.length
  const right =
    status === 'sent' ? others === 0 || others === 1 : others === Number(status === 'sending')
  same(`${id} (${status}) has ${attempts} tries, ${tries.length} failed: right`, right, true)
  const numbers = tries.every((number, n) => number === n + 1)
  same(`tries of ${id} numbered from 1 on: ${tries}`, numbers, true)
  same(`${id} tried more often than claimed`, attempts > claims, false)
  same(`${id} counts tries from one to come`, attemptsBefore > attempts, false)
}

function checkStep(site: Site, was: SeenDelivery, is: SeenDelivery): void {
  const { id } = is
  same(`${id} claimed less often than before`, countOf(is.claims) < countOf(was.claims), false)
  const forgot = was.tries.some((number) => !is.tries.includes(number))
  same(`a try of ${id} forgotten`, forgot, false)
  if (isOpen(was) || was.status === is.status) return
  const again = was.status === 'failed' && site.ledger.wasRetried(id)
  same(`${id}, settled as ${was.status}, became ${is.status}: asked for`, again, true)
}
