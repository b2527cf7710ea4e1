import type { Rate } from '../../../src/channel/channel.ts'
import {
  channelBucket,
  holdBack,
  laneBucket,
  returnTokens,
  setRate,
} from '../../../src/outbox/bucket.ts'
import { ripen } from '../../../src/outbox/ripen.ts'
import { lineOf } from './expected-claim.ts'
import { bucketOf, type Model, type ModelBucket } from './model.ts'
import { bucketsOf, type ChannelName, channels } from './site.ts'
import { type Step, same, step } from './step.ts'
import { tickMs } from './time.ts'

/** Time goes by. */
export const wait = (given: { ticks: number }): Step =>
  step(
    'wait',
    given,
    async (site) => site.advance(given.ticks * tickMs),
    (model) => {
      model.now += given.ticks * tickMs
    },
  )

/** A worker looks at what has become due. */
export const look = (given: Record<string, never>): Step =>
  step(
    'ripen',
    given,
    (site) => ripen(site.outbox, site.database, channels),
    (model, { due, alone, nextInMs }) => {
      const waiting = [...model.deliveries.values()].filter(
        ({ status, inLine }) => status === 'pending' && !inLine,
      )
      for (const each of waiting) each.inLine = each.sendAt <= model.now
      const has = (turn: number) => (name: string) => lineOf(model, name, turn).length > 0
      const expectedDue = channels.filter((name) => has(0)(name) || has(1)(name))
      same('due', due.toSorted(), expectedDue.toSorted())
      same('to be sent alone', alone.toSorted(), channels.filter(has(2)).toSorted())
      const later = waiting.filter(({ inLine }) => !inLine).map(({ sendAt }) => sendAt)
      const next = later.length === 0 ? null : Math.min(...later) - model.now
      // A moment less, for the real time that went by.
      const close = next !== null && nextInMs !== null && next - nextInMs < tickMs / 2
      if (!(close && nextInMs <= next)) same('next in', nextInMs, next)
    },
  )

const modelRate = (rate: Rate): ModelBucket['rate'] => ({
  perTick: (rate.perSecond * tickMs) / 1000,
  burst: rate.burst ?? Math.max(1, rate.perSecond),
})

/** A worker starts, whose configuration may have another rate. */
export const changeRate = (given: { channel: ChannelName; rate: Rate | undefined }): Step =>
  step(
    'rate',
    given,
    async (site) => {
      const { channel, rate } = given
      await setRate(site.outbox, site.database, channelBucket(channel), rate)
      site.ledger.rated(channel, rate)
    },
    (model) => changeModelRate(model, given),
  )

function changeModelRate(
  model: Model,
  { channel, rate }: { channel: string; rate: Rate | undefined },
): void {
  const name = channelBucket(channel)
  if (rate === undefined) {
    const bucket = model.buckets.get(name)
    if (bucket) bucket.rate = undefined
    return
  }
  const bucket = bucketOf(model, name)
  const next = modelRate(rate)!
  // What came in since the bucket was last looked at comes in at the new rate.
  bucket.tokens = bucket.rate ? Math.min(bucket.tokens, next.burst) : next.burst
  bucket.rate = next
}

/** Places of claims that were not used. */
export const returnSome = (given: { channel: ChannelName; count: number }): Step =>
  step(
    'return tokens',
    given,
    async (site) => {
      await returnTokens(site.outbox, site.database, given.channel, given.count)
      site.ledger.flowed(given.channel, { at: site.now(), returned: given.count })
    },
    (model) => {
      const bucket = model.buckets.get(channelBucket(given.channel))
      if (!bucket?.rate) return
      bucket.tokens = Math.min(bucket.rate.burst, bucket.tokens + given.count)
    },
  )

/** A provider asks for a pause: of a backend, or of a lane. */
export const pause = (given: { of: ChannelName | 'lane'; which: number; ticks: number }): Step =>
  step(
    'pause',
    given,
    async (site) => {
      const { of, which, ticks } = given
      const { deliveries } = site.seen()
      const lane = deliveries[which % Math.max(1, deliveries.length)]?.lane
      const name = of === 'lane' ? laneBucket(lane ?? 'none') : bucketsOf(of)[1]!
      await holdBack(site.outbox, site.database, name, ticks * tickMs)
      return name
    },
    (model, name) => {
      const bucket = bucketOf(model, name)
      const until = model.now + given.ticks * tickMs
      bucket.blockedUntil = Math.max(bucket.blockedUntil, until)
    },
  )
