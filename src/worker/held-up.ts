import type { AfterDeadline, Timing } from '../availability/timing.ts'
import type { Claimed } from '../outbox/claim.ts'
import type { NotSent, PutOff } from '../outbox/settle.ts'

type Late = Extract<Timing, { at: null }>

/** What is said of a delivery whose time is over. Without an address: it is shown to operators. */
const texts: Readonly<Record<Late['reason'], string>> = {
  'no-opening': 'Closed dates leave nothing of its windows open within two years.',
  'window-after-deadline': 'Its windows open after its deadline.',
  'deadline-passed': 'Its deadline is over.',
}

/**
 * What is to be written of a claimed delivery that does not go now: it is put off until its windows
 * open, or given up. `undefined` where it goes.
 */
export function heldUp(claimed: Claimed, timing: Timing, now: Date): PutOff | NotSent | undefined {
  const { id, attempts, claims, notificationId } = claimed
  const { at, reason } = timing
  if (at === null) {
    const after = (claimed.options.afterDeadline ?? 'fail') as AfterDeadline
    return {
      ...{ id, attempts, claims, notificationId },
      outcome: reason !== 'no-opening' && after === 'cancel' ? 'cancelled' : 'failed',
      tried: false,
      fallsBack: reason === 'no-opening' || after === 'fallback',
      code: reason,
      text: texts[reason],
      ...{ delayMs: 0, request: undefined, response: undefined },
      ...{ backend: null, startedAt: now, tookMs: 0 },
    }
  }
  if (at <= now) return undefined
  return { ...{ id, attempts, claims, notificationId }, outcome: 'put-off', sendAt: at, reason }
}
