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
  let total = 0
  return {
    add(skip: Skip): void {
      total += 1
      counts[skip.channel] ??= {}
      const ofChannel = counts[skip.channel]!
      ofChannel[skip.reason] = (ofChannel[skip.reason] ?? 0) + 1
      if (first.length < kept) first.push(skip)
    },
    list(): Skipped {
      return { total, counts, first }
    },
  }
}
