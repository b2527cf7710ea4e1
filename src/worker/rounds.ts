import type { Claim, Claimed } from '../outbox/claim.ts'

export interface Limits {
  readonly limit: number
  readonly ordinaryLimit: number
}

export interface Rounds {
  /** One claim; `more` is false where nothing more is due. */
  claim(limits: Limits): Promise<{ claimed: readonly Claimed[]; more: boolean }>
  /** Something became due, perhaps in a lane that this round has passed already. */
  disturb(): void
}

/**
 * Goes round the lanes claim by claim, since one claim looks at a part of them only. Nothing more
 * is due when a whole round, from the first lane to the last, has found nothing.
 */
export function createRounds(
  claimAfter: (request: Limits & { afterLane: string | null }) => Promise<Claim>,
): Rounds {
  let afterLane: string | null = null
  let round = { whole: false, found: false }
  return {
    async claim(limits) {
      if (afterLane === null) round = { whole: true, found: false }
      const { claimed, nextLane, limited } = await claimAfter({ ...limits, afterLane })
      afterLane = nextLane
      if (claimed.length > 0) round.found = true
      // The rate says when to come back.
      else if (limited) return { claimed, more: false }
      // With no place for an ordinary one nothing was learned about them.
      const unknown = nextLane !== null || limits.ordinaryLimit === 0 || !round.whole
      return { claimed, more: round.found || unknown }
    },
    disturb() {
      round.whole = false
    },
  }
}
