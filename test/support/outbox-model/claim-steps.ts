import { type Claim, type ClaimRequest, claim, nothingClaimed } from '../../../src/outbox/claim.ts'
import { claimAlone } from '../../../src/outbox/claim-alone.ts'
import type { Claimed } from '../../../src/outbox/claimed.ts'
import { behind, type Position } from '../../../src/outbox/position.ts'
import {
  type Asked,
  type ExpectedClaim,
  expectedAlone,
  expectedClaim,
  isBehind,
  type ModelPosition,
  ratedBuckets,
  type Share,
} from './expected-claim.ts'
import { countOf, fenceOf } from './fence.ts'
import { type Model, type ModelDelivery, takeTokens } from './model.ts'
import { bucketsOf, type ChannelName, type SimulatedWorker, type Site } from './site.ts'
import { type Step, same, step } from './step.ts'
import { halfTicks, leaseMs, tickMs } from './time.ts'

export interface Claiming {
  readonly worker: number
  readonly channel: ChannelName
  readonly limit: number
  readonly ordinary: number
  /** Begins a round where the last claim found its first. */
  readonly skips?: boolean
}

function asked(site: Site, worker: SimulatedWorker, given: Claiming) {
  const { channel, limit, ordinary, skips = false } = given
  const walk = worker.walks.get(channel) ?? nothingClaimed
  const common = {
    ...{ channel, limit, overall: site.overall, events: worker.events },
    ...{ ordinaryLimit: Math.min(limit, ordinary), buckets: bucketsOf(channel) },
  }
  const places = {
    after: placeAt(site, walk.next ?? (skips ? walk.before : null)),
    afterUrgent: placeAt(site, walk.nextUrgent),
  }
  const request: ClaimRequest = {
    ...{ ...common, leaseMs, mark: worker.mark },
    after: positionOf(site, places.after),
    afterUrgent: positionOf(site, places.afterUrgent),
  }
  const expected: Asked = { ...common, ...places }
  return { request, expected }
}

/** Between two ticks: within one, the model does not know what goes first. */
function placeAt(site: Site, position: Position | null): ModelPosition | null {
  if (position === null) return null
  const { lane, event, sendAt } = position
  if (sendAt === 'infinity') return { lane, event, sendAt: Number.POSITIVE_INFINITY }
  const tick = Math.floor((Date.parse(sendAt) + 1 - site.dateAt(0).getTime()) / tickMs)
  return { lane, event, sendAt: (tick - 0.5) * tickMs }
}

function positionOf(site: Site, place: ModelPosition | null): Position | null {
  if (place === null) return null
  if (place.sendAt === Number.POSITIVE_INFINITY) return behind(place.lane, place.event)
  return { ...place, sendAt: site.dateAt(place.sendAt).toISOString() }
}

/** It knows what it has from a claim that was forgotten, and is made again. */
function take(worker: SimulatedWorker, claimed: readonly Claimed[]): void {
  const has = new Set(worker.held.map(({ id, claims }) => `${id} ${claims}`))
  worker.held.push(...claimed.filter(({ id, claims }) => !has.has(`${id} ${claims}`)))
}

/** What a worker has in its hands now. */
export function note(site: Site, worker: SimulatedWorker, claimed: readonly Claimed[]): void {
  take(worker, claimed)
  site.ledger.claimed(claimed, worker.mark)
}

export const claimSome = (given: Claiming): Step =>
  step(
    'claim',
    given,
    async (site) => {
      const worker = site.workers[given.worker]!
      const { request, expected } = asked(site, worker, given)
      const result = await claim(site.outbox, site.database, request)
      worker.walks.set(given.channel, result)
      note(site, worker, result.claimed)
      const flow = { at: site.now(), granted: result.claimed.length }
      site.ledger.flowed(given.channel, flow)
      checkBounds(request, result)
      const places = {
        next: placeAt(site, result.next),
        nextUrgent: placeAt(site, result.nextUrgent),
        before: placeAt(site, result.before),
      }
      return { request, asked: expected, result, places }
    },
    (model, { request, asked, result, places }) => {
      const expected = expectedClaim(model, asked)
      const { claimed, limited } = result
      const mine = (urgent: boolean) => claimed.filter((each) => each.urgent === urgent)
      compareShares('urgent', mine(true), expected.urgent)
      compareShares('ordinary', mine(false), expected.ordinary)
      same('where to go on', told({ ...places, limited }), told(expected))
      same('what was found first', places.before, firstOf(model, mine(false)))
      compareOrder(model, claimed)
      for (const each of claimed) hold(model, each, request.mark)
      for (const bucket of ratedBuckets(model, request.buckets)) {
        takeTokens(model, bucket, claimed.length)
      }
    },
  )

class Forgotten extends Error {}

/**
 * Claims, and the database dies before that is on its disk. The worker has been told, and goes on as if it
 * had them: unless it has them already, which it knows.
 */
export const claimInVain = (given: Claiming): Step =>
  step(
    'claim in vain',
    given,
    async (site) => {
      const worker = site.workers[given.worker]!
      const { request } = asked(site, worker, given)
      let claimed: readonly Claimed[] = []
      await site.database
        .transaction(async (tx) => {
          const { kind } = site.database
          const db = {
            kind,
            ...tx,
            transaction: <T>(work: (own: typeof tx) => Promise<T>) => work(tx),
          }
          claimed = (await claim(site.outbox, db, request)).claimed
          throw new Forgotten()
        })
        .catch((thrown) => {
          if (!(thrown instanceof Forgotten)) throw thrown
        })
      take(worker, claimed)
      site.ledger.forgot(claimed, worker.mark)
    },
    () => {},
  )

/** What holds of a claim whatever else goes on. */
function checkBounds(request: ClaimRequest, { claimed }: Claim): void {
  const ordinary = claimed.filter(({ urgent }) => !urgent).length
  same('within its limit', claimed.length <= request.limit, true)
  same('within what ordinary ones may take', ordinary <= request.ordinaryLimit, true)
  const foreign = claimed.filter(
    ({ event, channel }) => channel !== request.channel || !request.events.includes(event),
  )
  same('of what the worker does not know', foreign, [])
  const late = claimed.findIndex(({ urgent }) => !urgent)
  same('urgent ones after others', late >= 0 && claimed.slice(late).some((c) => c.urgent), false)
}

const told = ({
  next,
  nextUrgent,
  limited,
}: Pick<ExpectedClaim, 'next' | 'nextUrgent' | 'limited'>) => ({ next, nextUrgent, limited })

/** Just before the first of these in the line. */
function firstOf(model: Model, claimed: readonly Claimed[]): ModelPosition | null {
  const all = claimed.map(({ id }) => model.deliveries.get(id)!)
  const [first] = all.sort((a, b) => (isBehind(a, b) ? 1 : -1))
  if (first === undefined) return null
  return { lane: first.lane, event: first.event, sendAt: first.sendAt - tickMs / 2 }
}

/** Of each lane as many as its share, and none before one that is to go sooner. */
function compareShares(
  kind: string,
  claimed: readonly Claimed[],
  expected: readonly Share[],
): void {
  const ids = new Set(claimed.map(({ id }) => id))
  const left = new Set(ids)
  for (const { from, count } of expected) {
    const taken = from.filter(({ id }) => ids.has(id))
    const name = `${kind} ones claimed of ${from[0]!.event} in lane ${from[0]!.lane}`
    same(name, taken.length, count)
    const latest = Math.max(...taken.map(({ sendAt }) => sendAt))
    const overtaken = from.filter((each) => !ids.has(each.id) && each.sendAt < latest)
    same(
      `${name}, before others`,
      overtaken.map(({ id }) => id),
      [],
    )
    for (const { id } of taken) left.delete(id)
  }
  same(`${kind} ones claimed that nobody may claim now`, [...left], [])
}

function compareOrder(model: Model, claimed: readonly Claimed[]): void {
  const times = claimed.map(({ id, urgent }) => ({
    ...{ urgent, sendAt: model.deliveries.get(id)!.sendAt },
  }))
  const wrong = times.filter((each, n) => {
    const next = times[n + 1]
    return next !== undefined && each.urgent === next.urgent && each.sendAt > next.sendAt
  })
  same('claimed before what goes sooner', wrong, [])
}

/** `mark`: of who claims it; what is taken as it is written is the same whoever takes it. */
export function hold(model: Model, claimed: Claimed, mark = 0): void {
  const delivery = model.deliveries.get(claimed.id)!
  delivery.status = 'sending'
  delivery.inLine = false
  delivery.attempts += 1
  delivery.claims = fenceOf(mark, countOf(delivery.claims) + 1)
  delivery.leaseUntil = model.now + leaseMs
  same(`what the worker is told of ${claimed.id}`, tellOf(claimed), {
    ...{ attempts: delivery.attempts, claims: delivery.claims },
    ...{ attemptsBefore: delivery.attemptsBefore, lane: delivery.lane },
    address: delivery.addressKey,
    what: delivery.notification,
    since: halfTicks(model.now - delivery.dueAt),
  })
}

const tellOf = (claimed: Claimed) => ({
  ...{ attempts: claimed.attempts, claims: claimed.claims },
  ...{ attemptsBefore: claimed.attemptsBefore, lane: claimed.lane },
  address: claimed.address,
  what: claimed.context.what,
  since: halfTicks(claimed.elapsedMs),
})

export const claimOneAlone = (given: Pick<Claiming, 'worker' | 'channel'>): Step =>
  step(
    'claim alone',
    given,
    async (site) => {
      const worker = site.workers[given.worker]!
      const { overall } = site
      const { channel } = given
      const { events, mark } = worker
      const request = { channel, overall, events, buckets: bucketsOf(channel), leaseMs, mark }
      const claimed = await claimAlone(site.outbox, site.database, request)
      const claimedIds = claimed === undefined ? [] : [claimed]
      note(site, worker, claimedIds)
      site.ledger.flowed(channel, { at: site.now(), alone: claimedIds.length })
      return { request, claimed }
    },
    (model, { request, claimed }) => {
      const may: readonly ModelDelivery[] = expectedAlone(model, request)
      const right = may.length === 0 ? claimed === undefined : may.some((d) => d.id === claimed?.id)
      const expected = may.map(({ id }) => id)
      if (!right) same('claimed alone', claimed?.id ?? null, expected)
      if (claimed) hold(model, claimed, request.mark)
      const count = claimed ? 1 : 0
      for (const bucket of ratedBuckets(model, request.buckets)) takeTokens(model, bucket, count)
    },
  )
