import fc from 'fast-check'
import { claimInVain, claimOneAlone, claimSome } from './claim-steps.ts'
import { changeRate, look, pause, returnSome, wait } from './line-steps.ts'
import { cancelWaiting, rescheduleWaiting, resendSent, retryFailed } from './operator-steps.ts'
import {
  adopt,
  type End,
  giveSomeBack,
  putSomeOff,
  renewSome,
  settleLost,
  settleSome,
} from './settle-steps.ts'
import { type ChannelName, channels, events } from './site.ts'
import { inTurn, type Step } from './step.ts'
import { add, open, seal, write } from './write-steps.ts'

const worker = fc.constantFrom(0, 1, 2, 2)
const taker = fc.constantFrom(undefined, undefined, 0, 2)
const channel = fc.constantFrom(...channels)
const which = fc.nat({ max: 40 })
const ticks = fc.integer({ min: 1, max: 3 })
/** Most begin at the first, so that there is something after it. */
const start = fc.constantFrom(0, 0, 0, 1, 2)
const few = fc.nat({ max: 6 })
const seldom = fc.integer({ min: 0, max: 4 }).map((n) => n === 4)

const writing = {
  event: fc.constantFrom('alarm', 'alarm', ...events),
  urgent: seldom,
  lane: fc.constantFrom(0, 0, 0, 1, 2),
  sensitive: fc.constantFrom(false, false, true),
}
const batch = {
  channel,
  later: fc.array(fc.constantFrom(0, 0, 0, 1, 2), { maxLength: 4 }),
  fallsBack: fc.constantFrom(true, true, false),
  from: fc.nat({ max: 3 }),
}
const ends = fc.array(
  fc.constantFrom<End>(
    'sent',
    'sent',
    'failed',
    'failed',
    'retry',
    'retry now',
    'refused',
    'cancelled',
    'over',
  ),
  { minLength: 2, maxLength: 5 },
)
const lostEnd = fc.constantFrom<End>('retry now', 'retry now', 'retry', 'retry', 'failed')
/** How many a channel may have in flight. */
export const overalls = fc.constantFrom(undefined, undefined, undefined, 4)
const some = { worker, from: start, count: ticks, stale: fc.constantFrom(false, false, true) }
const chosen = { from: which, count: fc.integer({ min: 1, max: 4 }) }

const claiming = fc
  .record({
    ...{ worker, channel, limit: few, ordinary: fc.constantFrom(0, 2, 8, 8) },
    skips: fc.boolean(),
  })
  .map(({ limit, ...rest }) => ({ ...rest, limit: limit + 2 }))

const work: fc.WeightedArbitrary<Step>[] = [
  { weight: 4, arbitrary: fc.record({ ...writing, ...batch, taker }).map(write) },
  { weight: 1, arbitrary: fc.record(writing).map(open) },
  { weight: 2, arbitrary: fc.record({ ...batch, which }).map(add) },
  { weight: 1, arbitrary: fc.record({ which }).map(seal) },
  { weight: 12, arbitrary: claiming.map(claimSome) },
  { weight: 3, arbitrary: claiming.map(claimInVain) },
  { weight: 5, arbitrary: fc.record({ worker, channel }).map(claimOneAlone) },
  {
    weight: 10,
    arbitrary: fc
      .record({ worker, from: start, stale: fc.constantFrom(false, false, true), ends })
      .map(settleSome),
  },
  { weight: 3, arbitrary: fc.record({ worker }).map(adopt) },
  { weight: 3, arbitrary: fc.record({ worker, count: ticks, end: lostEnd }).map(settleLost) },
  { weight: 1, arbitrary: fc.record(some).map(renewSome) },
  { weight: 2, arbitrary: fc.record(some).map(giveSomeBack) },
  { weight: 2, arbitrary: fc.record({ ...some, ticks: fc.nat({ max: 2 }) }).map(putSomeOff) },
  { weight: 4, arbitrary: fc.record(chosen).map(retryFailed) },
  { weight: 3, arbitrary: fc.record(chosen).map(resendSent) },
  { weight: 1, arbitrary: fc.record(chosen).map(cancelWaiting) },
  {
    weight: 2,
    arbitrary: fc.record({ ...chosen, ticks: fc.nat({ max: 2 }) }).map(rescheduleWaiting),
  },
  { weight: 3, arbitrary: fc.constant({}).map(look) },
  {
    weight: 2,
    arbitrary: fc.record({ of: fc.constantFrom(...channels, 'lane'), which, ticks }).map(pause),
  },
  { weight: 2, arbitrary: fc.record({ channel, count: ticks }).map(returnSome) },
]

/** Tokens a tick that come out even. */
const rate = fc.record({
  perSecond: fc.constantFrom(0.5 / 512, 1 / 512, 4 / 512),
  burst: fc.constantFrom(1, 3, 8),
})

/** A worker dies with some in its hands, and another one finds out. */
const wreck = (name: ChannelName) =>
  inTurn(`wreck ${name}`, [
    claimSome({ worker: 2, channel: name, limit: 4, ordinary: 4 }),
    wait({ ticks: 2 }),
    adopt({ worker: 2 }),
    settleLost({ worker: 2, count: 10, end: 'retry now' }),
  ])

/** A provider refuses or takes all that it is given. */
const round = (end: End) => (name: ChannelName) =>
  inTurn(`all ${end} ${name}`, [
    claimSome({ worker: 2, channel: name, limit: 5, ordinary: 5 }),
    settleSome({ worker: 2, from: 0, stale: false, ends: [end, end, end, end, end] }),
  ])

const rates = fc.record({ channel, rate }).map(changeRate)

/** What changes the terms for all, or takes time. */
const turns: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ ticks }).map(wait) },
  { weight: 2, arbitrary: channel.map(wreck) },
  { weight: 2, arbitrary: channel.map(round('failed')) },
  { weight: 1, arbitrary: channel.map(round('sent')) },
  { weight: 2, arbitrary: rates },
  {
    weight: 2,
    arbitrary: fc.record({ channel, rate: fc.constantFrom(undefined) }).map(changeRate),
  },
)

/** What workers, applications and operators do. */
const works: fc.Arbitrary<Step> = fc.oneof(...work)

/** One after the other. */
export const steps = fc.oneof({ weight: 7, arbitrary: works }, { weight: 2, arbitrary: turns })

/** Those who are after the same deliveries. */
const rush = (name: ChannelName) =>
  fc.array(
    fc.oneof(
      fc
        .record({ worker, limit: fc.constantFrom(1, 3, 6) })
        .map((given) => claimSome({ ...given, channel: name, ordinary: given.limit })),
      fc.record({ worker, channel: fc.constant(name) }).map(claimOneAlone),
      fc.record({ worker }).map(adopt),
    ),
    { minLength: 3, maxLength: 6 },
  )

const crowd = fc.oneof(
  fc.array(works, { minLength: 1, maxLength: 10, size: 'max' }),
  channel.chain(rush),
)

/** Steps that are done at the same time, and one before them. */
export interface Batch {
  readonly turn: Step | undefined
  readonly together: readonly Step[]
}

const told = ({ turn, together }: Batch) =>
  [...(turn ? [turn] : []), ...together].map(({ name }) => `\n  ${name}`).join('')

const asBatch = (batch: Batch) => ({ ...batch, [fc.toStringMethod]: () => told(batch) })

/** Something to do. */
export const backlog = (most: number) =>
  fc.array(
    fc
      .record({
        ...writing,
        ...batch,
        taker: fc.constant(undefined),
        later: fc.constantFrom([0, 0, 0, 0], [0, 0, 1, 1]),
      })
      .map(write),
    { minLength: 1, maxLength: most },
  )

/** What many make of a backlog. */
export const batches = fc.tuple(
  fc.record({ turn: rates, together: backlog(6) }).map(asBatch),
  fc.array(
    fc.record({ turn: fc.option(turns, { nil: undefined }), together: crowd }).map(asBatch),
    { minLength: 1, maxLength: 12, size: 'max' },
  ),
)
