import type { Held, Renewal } from '../outbox/hold.ts'
import { repeat } from './repeat.ts'

/** What is known here of a claim. */
export interface Lease extends Held {
  /** By `performance.now()`; counted from before the claim, so it ends no later than in the database. */
  until: number
  lost: boolean
  /** It has ended so. */
  sent?: boolean
}

export interface Leases {
  add(delivery: Held, claimedAt: number): Lease
  /** Ends the lease of one claim; that of a later claim of the same delivery stays. */
  remove(claim: Held, sent?: boolean): void
  /** True where this claim is kept here. */
  has(claim: Held): boolean
  /**
   * Tells, of the claims that a statement which begins now brings, which are kept here already, or
   * were until they were sent meanwhile.
   */
  remember(): (claim: Held) => boolean
  held(): readonly Held[]
  stop(): void
}

/** Keeps the leases of what is in flight alive, every third of their length. */
export function createLeases(
  leaseMs: number,
  renew: (deliveries: readonly Held[]) => Promise<Renewal>,
  onError: (error: Error) => void,
): Leases {
  const entries = new Map<string, Lease>()
  const has = ({ id, claims }: Held) => entries.get(id)?.claims === claims
  const round = async () => {
    const asked = [...entries.values()].filter((entry) => !entry.lost)
    if (asked.length === 0) return
    const askedAt = performance.now()
    const { renewed, busy } = await renew(asked)
    for (const entry of asked) {
      if (renewed.has(entry.id)) entry.until = askedAt + leaseMs
      // Settled meanwhile, or somebody else's: either way not ours to send any more.
      else if (!busy.has(entry.id)) entry.lost = true
    }
  }
  const rounds = repeat(leaseMs / 3, round, onError)
  return {
    add(delivery, claimedAt) {
      const entry: Lease = {
        id: delivery.id,
        claims: delivery.claims,
        until: claimedAt + leaseMs,
        lost: false,
      }
      entries.set(delivery.id, entry)
      return entry
    },
    remove(claim, sent = false) {
      if (!has(claim)) return
      entries.get(claim.id)!.sent = sent
      entries.delete(claim.id)
    },
    has,
    remember() {
      const before = new Map(entries)
      return (claim) => {
        const entry = before.get(claim.id)
        return has(claim) || (entry?.claims === claim.claims && entry.sent === true)
      }
    },
    held: () => [...entries.values()],
    stop: () => void rounds.stop(),
  }
}

/** True while the delivery is surely still ours. */
export function isHeld(entry: Lease): boolean {
  return !entry.lost && performance.now() < entry.until
}
