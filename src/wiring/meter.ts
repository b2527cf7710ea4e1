import { createBounded } from '../metric/bounded.ts'
import { createRegistry, type Registry } from '../metric/registry.ts'
import type { Ended } from '../worker/contract.ts'

/** Counts and times what this process does. */
export interface Meter extends Pick<Registry, 'render'> {
  settled(ended: Ended): void
  wrote(tookMs: number): void
  claimed(channel: string, count: number, tookMs: number): void
  called(channel: string, backend: string, tookMs: number): void
  lost(channel: string): void
  ticketPut(channel: string): void
  ticketTaken(channel: string): void
  failed(): void
}

/** Nothing is counted until somebody wants to know; then it is counted from there on. */
export interface Measuring {
  on: Meter | undefined
}

const codesAtMost = 100

export function createMeter(channels: readonly string[]): Meter {
  const { count, observe, render } = createRegistry()
  const codeOf = createBounded(codesAtMost)
  // From the beginning, so that the first one is a rise that a rate can see.
  for (const channel of channels) {
    count('envoyer_claimed_deliveries_total', [channel], 0)
    count('envoyer_leases_lost_total', [channel], 0)
    count('envoyer_deliveries_total', [channel, 'sent', ''], 0)
    count('envoyer_deliveries_deferred_total', [channel], 0)
    count('envoyer_tickets_put_total', [channel], 0)
    count('envoyer_tickets_taken_total', [channel], 0)
  }
  count('envoyer_internal_errors_total', [], 0)
  return {
    render,
    settled({ outcome, about }) {
      const { channel } = about
      if (outcome.outcome === 'put-off') {
        count('envoyer_deliveries_deferred_total', [channel])
        return
      }
      const code = outcome.outcome === 'sent' ? '' : codeOf(outcome.code)
      if (outcome.outcome === 'sent' || outcome.tried) {
        count('envoyer_tries_total', [channel, outcome.outcome, code])
      }
      if (outcome.outcome === 'retry') return
      count('envoyer_deliveries_total', [channel, outcome.outcome, code])
      if (outcome.outcome !== 'sent' || !('claimedAt' in about)) return
      const sinceClaimMs = outcome.startedAt.getTime() - about.claimedAt.getTime()
      const delayMs = about.elapsedMs + sinceClaimMs + outcome.tookMs
      observe('envoyer_delivery_delay_seconds', [channel], Math.max(0, delayMs) / 1000)
    },
    wrote: (tookMs) => observe('envoyer_settle_duration_seconds', [], tookMs / 1000),
    claimed(channel, claimed, tookMs) {
      observe('envoyer_claim_duration_seconds', [channel], tookMs / 1000)
      if (claimed > 0) count('envoyer_claimed_deliveries_total', [channel], claimed)
    },
    called: (channel, backend, tookMs) =>
      observe('envoyer_backend_call_duration_seconds', [channel, backend], tookMs / 1000),
    lost: (channel) => count('envoyer_leases_lost_total', [channel]),
    ticketPut: (channel) => count('envoyer_tickets_put_total', [channel]),
    ticketTaken: (channel) => count('envoyer_tickets_taken_total', [channel]),
    failed: () => count('envoyer_internal_errors_total', []),
  }
}
