import type { Claim, ClaimRequest } from '../outbox/claim.ts'
import type { Claimed } from '../outbox/claimed.ts'
import type { Position } from '../outbox/position.ts'

/** What is claimed, but for where. */
type Limits = Pick<ClaimRequest, 'limit' | 'ordinaryLimit'>
/** What is claimed, and where one looks for it. */
export type Look = Limits & Pick<ClaimRequest, 'after' | 'afterUrgent'>

export interface Rounds {
  /** One claim; `more` is false where nothing more is due. */
  claim(limits: Limits): Promise<{ claimed: readonly Claimed[]; more: boolean }>
  /** Something became due, perhaps in a lane that this round has passed already. */
  disturb(): void
}

/**
 * How long rounds of ordinary ones begin where the one before found its first, while there is more than
 * can be claimed. What was claimed leaves entries in the index of the line until PostgreSQL cleans up,
 * and a look from the beginning goes past them all.
 */
const beginningMs = 100

/** Where the walk over one kind of lanes is. */
interface Walk {
  after: Position | null
  /** It began with the first lane, and has come to the last, without finding anything. */
  begun: boolean
  done: boolean
}

/**
 * Goes round the lanes claim by claim, since one claim looks at a part of them only. Nothing more
 * is due when a whole round, from the first lane to the last, has found nothing.
 */
export function createRounds(
  claimAfter: (look: Look) => Promise<Claim>,
  nowMs: () => number = () => performance.now(),
): Rounds {
  const ordinary: Walk = { after: null, begun: false, done: false }
  const urgent: Walk = { after: null, begun: false, done: false }
  const walks = [ordinary, urgent]
  /** Just before what the round's first claim found, where that was all it could take. */
  let before: Position | null = null
  /** When the line of ordinary ones was last looked at from its beginning. */
  let beginningAt = Number.NEGATIVE_INFINITY
  const disturb = () => {
    for (const walk of walks) Object.assign(walk, { begun: false, done: false })
  }
  const step = (walk: Walk, next: Position | null, looked: boolean) => {
    if (walk.after === null) walk.begun = looked
    if (next === null && walk.begun) walk.done = true
    walk.after = next
  }
  return {
    disturb,
    async claim(limits) {
      // With no place for an ordinary one nothing is learned about them.
      const looks = limits.ordinaryLimit > 0
      const begins = looks && ordinary.after === null
      const now = nowMs()
      const skips = begins && before !== null && now - beginningAt < beginningMs
      if (begins && !skips) beginningAt = now
      const { claimed, limited, ...passed } = await claimAfter({
        ...limits,
        after: skips ? before : ordinary.after,
        afterUrgent: urgent.after,
      })
      if (begins) before = claimed.length >= limits.ordinaryLimit ? passed.before : null
      step(ordinary, passed.next, looks && !skips)
      step(urgent, passed.nextUrgent, true)
      if (claimed.length > 0) disturb()
      // The rate says when to come back.
      else if (limited) return { claimed, more: false }
      return { claimed, more: walks.some((walk) => !walk.done) }
    },
  }
}
