import type { Timing } from '../availability/timing.ts'
import type { Claimed } from '../outbox/claimed.ts'
import type { NotSent, PutOff } from '../outbox/settle.ts'

type Late = Extract<Timing, { at: null }>

/** What is said of a delivery whose time is over. Without an address: it is shown to operators. */
const texts: Readonly<Record<Late['reason'], string>> = {
  'no-opening': 'Closed dates leave nothing of its windows open within two years.',
  'window-after-deadline': 'Its windows do not open before its deadline.',
  'deadline-passed': 'Its deadline is over.',
}

const givenUp = { outcome: 'failed', fallsBack: true } as const

/** How a delivery ends that its deadline ends. */
function endingOf({ afterDeadline }: Pick<Claimed, 'afterDeadline'>) {
  return {
    outcome: afterDeadline === 'cancel' ? 'cancelled' : 'failed',
    fallsBack: afterDeadline === 'fallback',
  } as const
}

/** A failed try, which is the last one where the next would not begin before the deadline. */
export function inTime<Failed extends Pick<NotSent, 'outcome' | 'fallsBack' | 'delayMs' | 'text'>>(
  failed: Failed,
  claimed: Pick<Claimed, 'deadlineAt' | 'afterDeadline'>,
  now: Date,
): Failed {
  const { deadlineAt } = claimed
  if (failed.outcome !== 'retry' || deadlineAt === null) return failed
  if (now.getTime() + failed.delayMs < deadlineAt.getTime()) return failed
  const text = `${failed.text}\nNo try is left before its deadline.`
  return { ...failed, ...endingOf(claimed), delayMs: 0, text }
}

/**
 * What is to be written of a claimed delivery that does not go now: it is put off until its windows
 * open, or given up. `undefined` where it goes.
 */
export function heldUp(claimed: Claimed, timing: Timing, now: Date): PutOff | NotSent | undefined {
  const { id, attempts, claims, notificationId } = claimed
  const { at, reason } = timing
  if (at === null) {
    const ending = reason === 'no-opening' ? givenUp : endingOf(claimed)
    return {
      ...{ id, attempts, claims, notificationId },
      ...ending,
      tried: false,
      code: reason,
      text: texts[reason],
      ...{ delayMs: 0, request: undefined, response: undefined },
      ...{ backend: null, startedAt: now, tookMs: 0 },
    }
  }
  if (at <= now) return undefined
  const { notBefore } = claimed
  const from = notBefore !== null && notBefore > now ? notBefore : now
  return {
    ...{ id, attempts, claims, notificationId },
    outcome: 'put-off',
    sendAt: at,
    reason,
    notBefore: from,
  }
}
