import type { Channel } from '../channel/channel.ts'
import type { Database } from '../database/contract.ts'
import { toError } from '../errors.ts'
import type { Claimed } from '../outbox/claim.ts'
import { giveBack } from '../outbox/hold.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { Deliver, Ended } from './contract.ts'
import { isHeld, type Leases } from './leases.ts'
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

/** The tries under way, so that a shutdown can abort them. */
export function createSending() {
  const controllers = new Set<AbortController>()
  const reason = new Error('The worker is stopping')
  let aborted = false
  return {
    begin(): AbortController {
      const controller = new AbortController()
      if (aborted) controller.abort(reason)
      controllers.add(controller)
      return controller
    },
    end: (controller: AbortController) => void controllers.delete(controller),
    abort() {
      aborted = true
      for (const controller of controllers) controller.abort(reason)
    },
    isAborted: () => aborted,
  }
}

/** Sends one delivery under its lease and hands on how it ended. */
export function createStart(
  parts: StartParts,
  channel: Channel,
  { leases, settler, sending }: Keeping,
) {
  return async (claimed: Claimed, claimedAt: number): Promise<void> => {
    // Not from when it was asked for: that wait would put the clock forward, past an opening.
    const answeredAt = performance.now()
    const lease = leases.add(claimed, claimedAt)
    const time = sending.begin()
    const timer = setTimeout(
      () => time.abort(new Error(`No answer within ${channel.timeoutMs} ms`)),
      channel.timeoutMs,
    )
    let settling = false
    try {
      const outcome = await parts.deliver(claimed, {
        signal: time.signal,
        held: () => isHeld(lease),
        now: () => new Date(Number(claimed.claimedAt) + performance.now() - answeredAt),
      })
      if (outcome !== undefined && (outcome.outcome === 'sent' || !sending.isAborted())) {
        // The lease is kept until this is written.
        settling = true
        await settler.add({ outcome, about: claimed })
      } else if (isHeld(lease)) {
        await giveBack(parts.outbox, parts.database, [claimed])
      }
    } catch (thrown) {
      // Not settled: the lease expires, and it is tried again.
      parts.onError(toError(thrown))
    } finally {
      clearTimeout(timer)
      sending.end(time)
      if (!settling) leases.remove(claimed)
    }
  }
}
