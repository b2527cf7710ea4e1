import type { Addressed } from './addressed.ts'
import type { SkipReason } from './route.ts'

/** One recipient × channel that got no delivery. */
export interface Skip {
  /** Position among the recipients of the call, from 0. */
  readonly recipient: number
  readonly userId?: string
  readonly channel: string
  readonly reason: SkipReason
  readonly detail?: string
}

/** That a message made of a recipient is not sent. */
export function skipOf(
  { position, channel, users }: Pick<Addressed, 'position' | 'channel' | 'users'>,
  reason: SkipReason,
): Skip {
  const userId = users[0]
  return { recipient: position, channel, reason, ...(userId === undefined ? {} : { userId }) }
}

/** What was left out of a notification: counts of all, and the first hundred. */
export interface Skipped {
  readonly total: number
  readonly counts: Readonly<Record<string, Partial<Readonly<Record<SkipReason, number>>>>>
  readonly first: readonly Skip[]
}

const kept = 100

/** Collects the reasons of one `send`. */
export function createSkipList() {
  const counts: Record<string, Partial<Record<SkipReason, number>>> = {}
  const first: Skip[] = []
  /** Seem to be there twice, unless another call is writing the same. */
  const suspects = { counts: new Map<string, number>(), first: [] as Skip[] }
  let [total, suspected] = [0, 0]
  const count = (channel: string, reason: SkipReason, more: number) => {
    if (more <= 0) return
    total += more
    counts[channel] ??= {}
    counts[channel][reason] = (counts[channel][reason] ?? 0) + more
  }
  return {
    add(skip: Skip): void {
      count(skip.channel, skip.reason, 1)
      if (first.length < kept) first.push(skip)
    },
    suspect(skip: Skip): void {
      suspected += 1
      suspects.counts.set(skip.channel, (suspects.counts.get(skip.channel) ?? 0) + 1)
      if (suspects.first.length < kept) suspects.first.push(skip)
    },
    /** How many are there twice over a channel; the suspects are named only if it is these. */
    settle(channel: string, twice: number): void {
      count(channel, 'duplicate-address', twice)
      const mine = suspects.first.filter((skip) => skip.channel === channel)
      if (twice === suspects.counts.get(channel)) first.push(...mine.slice(0, kept - first.length))
      suspected -= suspects.counts.get(channel) ?? 0
    },
    total: () => total + suspected,
    list(): Skipped {
      return { total, counts, first }
    },
  }
}
