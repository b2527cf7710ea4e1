import { setMaxListeners } from 'node:events'
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
  readonly deadline: Deadline
  readonly #lease: Lease
  readonly #claimedAt: number
  /** Not from when it was asked for: that wait would put the clock forward, past an opening. */
  readonly #answeredAt = performance.now()
  #call: ((reason: Error) => void) | undefined

  constructor(deadline: Deadline, lease: Lease, { claimedAt }: Claimed) {
    this.deadline = deadline
    this.#lease = lease
    this.#claimedAt = claimedAt.getTime()
  }

  get signal(): AbortSignal {
    return this.deadline.signal
  }

  onAbort(call: (reason: Error) => void): void {
    this.#call = call
    if (this.deadline.reason) call(this.deadline.reason)
  }

  aborted(reason: Error): void {
    this.#call?.(reason)
  }

  held(): boolean {
    return isHeld(this.#lease)
  }

  now(): Date {
    return new Date(this.#claimedAt + performance.now() - this.#answeredAt)
  }
}

/** Tries that began within so long of each other share a deadline, as late as the last one's. */
const togetherMs = 20

/** How long some tries may take. A timer and an `AbortSignal` for each would be a cost to be seen. */
class Deadline {
  readonly timeoutMs: number
  readonly tries = new Set<Try>()
  reason: Error | undefined
  readonly #beganAt = performance.now()
  readonly #timer: NodeJS.Timeout
  #controller: AbortController | undefined

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs
    this.#timer = setTimeout(() => {
      this.abort(new Error(`No answer within ${timeoutMs} ms`))
    }, timeoutMs + togetherMs)
  }

  isOpen(): boolean {
    return this.reason === undefined && performance.now() < this.#beganAt + togetherMs
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      // Node.js warns of more than ten; here a hundred may share it.
      setMaxListeners(0, this.#controller.signal)
      if (this.reason) this.#controller.abort(this.reason)
    }
    return this.#controller.signal
  }

  abort(reason: Error): void {
    if (this.reason) return
    this.reason = reason
    this.#controller?.abort(reason)
    for (const each of this.tries) each.aborted(reason)
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}

/** The tries under way, so that a shutdown can abort them. */
export function createSending() {
  const deadlines = new Set<Deadline>()
  /** Those that the next try may share, by how long it may take. */
  const latest = new Map<number, Deadline>()
  const reason = new Error('The worker is stopping')
  let aborted = false
  const deadlineFor = (timeoutMs: number): Deadline => {
    const open = latest.get(timeoutMs)
    if (open?.isOpen()) return open
    const deadline = new Deadline(timeoutMs)
    if (aborted) deadline.abort(reason)
    deadlines.add(deadline)
    latest.set(timeoutMs, deadline)
    return deadline
  }
  return {
    begin(lease: Lease, claimed: Claimed, timeoutMs: number): Try {
      const deadline = deadlineFor(timeoutMs)
      const begun = new Try(deadline, lease, claimed)
      deadline.tries.add(begun)
      return begun
    },
    end(ended: Try) {
      const { deadline } = ended
      deadline.tries.delete(ended)
      if (deadline.tries.size > 0) return
      deadline.end()
      deadlines.delete(deadline)
      if (latest.get(deadline.timeoutMs) === deadline) latest.delete(deadline.timeoutMs)
    },
    abort() {
      aborted = true
      for (const deadline of deadlines) deadline.abort(reason)
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
  return async (claimed: Claimed, claimedAt: number): Promise<void> => {
    const lease = leases.add(claimed, claimedAt)
    const begun = sending.begin(lease, claimed, timeoutMs)
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
      sending.end(begun)
      if (!settling) leases.remove(claimed)
    }
  }
}
