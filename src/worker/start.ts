import type { Channel } from '../channel/channel.ts'
import type { Database } from '../database/contract.ts'
import { toError } from '../errors.ts'
import type { Claimed } from '../outbox/claimed.ts'
import { giveBack } from '../outbox/hold.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { Deliver, Ended, Hold } from './contract.ts'
import { isHeld, type Lease, type Leases } from './leases.ts'
import type { Settler } from './settler.ts'

interface StartParts {
  readonly outbox: Outbox
  readonly database: Database
  readonly deliver: Deliver
  onError(error: Error): void
}

interface Keeping {
  readonly leases: Leases
  readonly settler: Settler<Ended>
  readonly sending: ReturnType<typeof createSending>
}

/** One try under way. A class, for this is the hot path: it makes only what is asked for. */
class Try implements Hold {
  readonly #lease: Lease
  readonly #claimedAt: number
  /** Not from when it was asked for: that wait would put the clock forward, past an opening. */
  readonly #answeredAt = performance.now()
  #controller: AbortController | undefined
  #reason: Error | undefined
  #call: ((reason: Error) => void) | undefined

  constructor(lease: Lease, { claimedAt }: Claimed) {
    this.#lease = lease
    this.#claimedAt = claimedAt.getTime()
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  onAbort(call: (reason: Error) => void): void {
    this.#call = call
    if (this.#reason) call(this.#reason)
  }

  abort(reason: Error): void {
    if (this.#reason) return
    this.#reason = reason
    this.#controller?.abort(reason)
    this.#call?.(reason)
  }

  held(): boolean {
    return isHeld(this.#lease)
  }

  now(): Date {
    return new Date(this.#claimedAt + performance.now() - this.#answeredAt)
  }
}

/** The tries under way, so that a shutdown can abort them. */
export function createSending() {
  const tries = new Set<Try>()
  const reason = new Error('The worker is stopping')
  let aborted = false
  return {
    begin(lease: Lease, claimed: Claimed): Try {
      const begun = new Try(lease, claimed)
      if (aborted) begun.abort(reason)
      tries.add(begun)
      return begun
    },
    end: (ended: Try) => void tries.delete(ended),
    abort() {
      aborted = true
      for (const each of tries) each.abort(reason)
    },
    isAborted: () => aborted,
  }
}

/** Sends one delivery under its lease and hands on how it ended. */
export function createStart(
  parts: StartParts,
  { timeoutMs }: Pick<Channel, 'timeoutMs'>,
  { leases, settler, sending }: Keeping,
) {
  const late = (begun: Try) => begun.abort(new Error(`No answer within ${timeoutMs} ms`))
  return async (claimed: Claimed, claimedAt: number): Promise<void> => {
    const lease = leases.add(claimed, claimedAt)
    const begun = sending.begin(lease, claimed)
    const timer = setTimeout(late, timeoutMs, begun)
    let settling = false
    try {
      const outcome = await parts.deliver(claimed, begun)
      if (outcome !== undefined && (outcome.outcome === 'sent' || !sending.isAborted())) {
        // The lease is kept until this is written.
        settling = true
        await settler.add({ outcome, about: claimed })
      } else if (outcome === undefined || isHeld(lease)) {
        // Untried, it goes back even where its lease was over before the claim was answered, as on
        // a database that has long been busy. By the fence it goes back only if nobody settled it.
        await giveBack(parts.outbox, parts.database, [claimed])
      }
    } catch (thrown) {
      // Not settled: the lease expires, and it is tried again.
      parts.onError(toError(thrown))
    } finally {
      clearTimeout(timer)
      sending.end(begun)
      if (!settling) leases.remove(claimed)
    }
  }
}
