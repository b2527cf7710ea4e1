import type { Claim, ClaimRequest } from '../outbox/claim.ts'
import type { Claimed } from '../outbox/claimed.ts'
import type { Passage, Position } from '../outbox/position.ts'

/** What is claimed, but for where. */
export type Limits = Pick<ClaimRequest, 'limit' | 'ordinaryLimit'>
/** What is claimed, and where one looks for it. */
export type Look = Limits & Pick<ClaimRequest, 'after' | 'afterUrgent'>

export interface Rounds {
  /** One claim; `more` is false where nothing more is due. */
  claim(limits: Limits): Promise<{ claimed: readonly Claimed[]; more: boolean }>
  /** Something became due, perhaps in a lane that this round has passed already. */
  disturb(): void
}

/**
 * How long rounds begin where the one before found the first, while there is more than can be claimed.
 * What was claimed leaves entries in the index of the line until PostgreSQL cleans up, and a look from
 * the beginning goes past them all: on a busy server that came to a quarter of what a claim costs.
 */
const beginningMs = 100

/** Where the walk over one kind of lanes is. */
interface Walk {
  after: Position | null
  /** The claim that comes next begins a round. */
  begins: boolean
  /** Just before what this round found first. */
  before: Position | null
  /** When the line was last looked at from its beginning. */
  beginningAt: number
  /** It began with the first lane, and has come to the last, without finding anything. */
  begun: boolean
  done: boolean
}

const newWalk = (): Walk => ({
  ...{ after: null, begins: true, before: null, beginningAt: 0, begun: false, done: false },
})

/**
 * Goes round the lanes claim by claim, since one claim looks at a part of them only. Nothing more
 * is due when a whole round, from the first lane to the last, has found nothing.
 */
export function createRounds(claimAfter: (look: Look) => Promise<Claim>): Rounds {
  const ordinary = newWalk()
  const urgent = newWalk()
  const walks = [ordinary, urgent]
  const disturb = () => {
    for (const walk of walks) Object.assign(walk, { begun: false, done: false })
  }
  const step = (walk: Walk, { before, next }: Passage, looked: boolean, full: boolean) => {
    const now = performance.now()
    if (walk.begins) {
      const fromBeginning = walk.after === null
      walk.begun = fromBeginning && looked
      if (fromBeginning) walk.beginningAt = now
      walk.before = before
    }
    walk.begins = next === null
    if (next === null && walk.begun) walk.done = true
    const skips = full && now - walk.beginningAt < beginningMs
    walk.after = next ?? (skips ? walk.before : null)
  }
  return {
    disturb,
    async claim(limits) {
      const look = { ...limits, after: ordinary.after, afterUrgent: urgent.after }
      const passed = await claimAfter(look)
      const { claimed, limited } = passed
      // With no place for an ordinary one nothing was learned about them.
      const looked = limits.ordinaryLimit > 0
      const full = looked && claimed.length >= limits.ordinaryLimit
      step(ordinary, passed.ordinary, looked, full)
      step(urgent, passed.urgent, true, full)
      if (claimed.length > 0) disturb()
      // The rate says when to come back.
      else if (limited) return { claimed, more: false }
      return { claimed, more: walks.some((walk) => !walk.done) }
    },
  }
}
