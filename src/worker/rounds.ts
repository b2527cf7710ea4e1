import type { Claim } from '../outbox/claim.ts'
import type { Claimed } from '../outbox/claimed.ts'

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

/** Where the walk over one kind of lanes is. */
interface Walk {
  after: string | null
  /** It began with the first lane, and has come to the last, without finding anything. */
  begun: boolean
  done: boolean
}

/**
 * Goes round the lanes claim by claim, since one claim looks at a part of them only. Nothing more
 * is due when a whole round, from the first lane to the last, has found nothing.
 */
export function createRounds(
  claimAfter: (
    request: Limits & { afterLane: string | null; afterUrgentLane: string | null },
  ) => Promise<Claim>,
): Rounds {
  const ordinary: Walk = { after: null, begun: false, done: false }
  const urgent: Walk = { after: null, begun: false, done: false }
  const walks = [ordinary, urgent]
  const disturb = () => {
    for (const walk of walks) Object.assign(walk, { begun: false, done: false })
  }
  const step = (walk: Walk, next: string | null, looked: boolean) => {
    if (walk.after === null) walk.begun = looked
    if (next === null && walk.begun) walk.done = true
    walk.after = next
  }
  return {
    disturb,
    async claim(limits) {
      const asked = { afterLane: ordinary.after, afterUrgentLane: urgent.after }
      const { claimed, nextLane, nextUrgentLane, limited } = await claimAfter({
        ...limits,
        ...asked,
      })
      // With no place for an ordinary one nothing was learned about them.
      step(ordinary, nextLane, limits.ordinaryLimit > 0)
      step(urgent, nextUrgentLane, true)
      if (claimed.length > 0) disturb()
      // The rate says when to come back.
      else if (limited) return { claimed, more: false }
      return { claimed, more: walks.some((walk) => !walk.done) }
    },
  }
}
