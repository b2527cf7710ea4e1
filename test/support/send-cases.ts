import type { WindowSet } from '../../src/availability/index.ts'
import type { AfterDeadline } from '../../src/availability/timing.ts'
import type { WaitReason } from '../../src/outbox/entities.ts'

/** What `send` says of a delivery, and what becomes of it. */
export interface Fate {
  readonly zone: string
  /** What `send` tells; `null`: at once. */
  readonly sendAt: string | null
  readonly reason: WaitReason
  readonly note?: 'zone-unknown'
  readonly status: 'sent' | 'failed' | 'cancelled'
  readonly code?: string
  /** When it went out, be it over the fallback; `null`: never. */
  readonly sentAt: string | null
  readonly by?: 'fallback'
}

/** What a user of `send` may count on. A table of docs/explanation/windows.md is made of these. */
export interface SendCase {
  readonly name: string
  readonly channel?: WindowSet
  readonly event?: WindowSet
  readonly calledAt: string
  /** Default: one, without a zone. */
  readonly recipients?: readonly { readonly tz?: string; readonly immediate?: boolean }[]
  readonly deadline?: string
  readonly afterDeadline?: AfterDeadline
  /** Nothing is sent before this instant, as if every worker were down. */
  readonly downUntil?: string
  /** One for each recipient. */
  readonly fates: readonly Fate[]
  readonly why: string
}

const day: WindowSet = [{ from: '08:00', to: '21:00' }]
const office: WindowSet = [{ days: 'mon-fri', from: '09:00', to: '18:00' }]
const berlin = { zone: 'Europe/Berlin' }

/** Saturday in Berlin, 21:00 and 23:00; in that night the clock is put forward. */
const evening = '2026-03-28T20:00:00Z'
const late = '2026-03-28T22:00:00Z'
const morning = '2026-03-29T06:00:00Z'
const monday = '2026-03-30T07:00:00Z'
const mondayThere = '2026-03-30T16:00:00Z'

const inTime = { ...berlin, reason: 'window', status: 'sent' } as const
const missed = { calledAt: late, deadline: '2026-03-29T04:00:00Z' }
const missedByChannel = { ...missed, channel: day }
const looked = '2026-03-28T19:45:00Z'
const missedByWorker = {
  ...{ channel: day, calledAt: '2026-03-28T19:00:00Z' },
  ...{ deadline: '2026-03-28T19:30:00Z', downUntil: looked },
}
const tooLate = { ...berlin, sendAt: null, reason: 'window-after-deadline' } as const
const lateCode = { code: 'window-after-deadline' }

export const sendCases: readonly SendCase[] = [
  {
    name: 'two recipients in two zones from one `send`',
    ...{ channel: day, event: office, calledAt: evening },
    recipients: [{}, { tz: 'America/Los_Angeles' }],
    fates: [
      { ...inTime, sendAt: monday, sentAt: monday },
      { ...inTime, zone: 'America/Los_Angeles', sendAt: mondayThere, sentAt: mondayThere },
    ],
    why: 'each by the clock on their own wall; that of Berlin was put forward in between',
  },
  {
    name: 'a zone that is not known',
    ...{ channel: day, event: office, calledAt: evening, recipients: [{ tz: 'Europe/Berln' }] },
    fates: [{ ...inTime, sendAt: monday, sentAt: monday, note: 'zone-unknown' }],
    why: 'the zone of the envoyer takes its place',
  },
  {
    name: 'a recipient who is `immediate`',
    ...{ channel: day, calledAt: late, recipients: [{ immediate: true }] },
    fates: [{ ...berlin, sendAt: null, reason: 'immediate', status: 'sent', sentAt: late }],
    why: 'it passes the windows by',
  },
  {
    name: 'a worker that was down',
    ...{ channel: day, calledAt: '2026-03-28T19:00:00Z', downUntil: '2026-03-29T01:00:00Z' },
    fates: [{ ...berlin, sendAt: null, reason: 'open', status: 'sent', sentAt: morning }],
    why: 'it comes at 03:00, looks at the windows again, and puts the message off',
  },
  {
    name: 'a deadline after the opening',
    ...{ channel: day, calledAt: late, deadline: '2026-03-29T07:00:00Z' },
    fates: [{ ...inTime, sendAt: morning, sentAt: morning }],
    why: '08:00 is in time for 09:00',
  },
  {
    name: 'a deadline at the opening',
    ...{ channel: day, calledAt: late, deadline: morning },
    fates: [{ ...tooLate, ...lateCode, status: 'failed', sentAt: null }],
    why: 'a try begins before the deadline, and never at it',
  },
  {
    ...{ name: 'a deadline before the opening: `fail`', ...missedByChannel },
    fates: [{ ...tooLate, ...lateCode, status: 'failed', sentAt: null }],
    why: 'the default; the fallback is not used',
  },
  {
    ...{ name: 'the same: `send`', ...missedByChannel, afterDeadline: 'send' },
    fates: [{ ...tooLate, status: 'sent', sentAt: late }],
    why: 'the windows are passed by',
  },
  {
    ...{ name: 'the same: `cancel`', ...missedByChannel, afterDeadline: 'cancel' },
    fates: [{ ...tooLate, ...lateCode, status: 'cancelled', sentAt: null }],
    why: 'it is of no use any more, and that is no failure',
  },
  {
    ...{ name: 'the same: `fallback`', ...missedByChannel, afterDeadline: 'fallback' },
    fates: [{ ...tooLate, ...lateCode, status: 'failed', sentAt: late, by: 'fallback' }],
    why: 'the channel of the fallback has no windows',
  },
  {
    name: 'the same: `fallback`, and the windows are those of the event',
    ...{ ...missed, event: day, afterDeadline: 'fallback' },
    fates: [{ ...tooLate, ...lateCode, status: 'failed', sentAt: morning, by: 'fallback' }],
    why: 'they hold for the fallback too; it has no deadline',
  },
  {
    name: 'a worker that was down until after the deadline',
    ...missedByWorker,
    fates: [
      {
        ...{ ...berlin, sendAt: null, reason: 'open', status: 'failed' },
        ...{ code: 'deadline-passed', sentAt: null },
      },
    ],
    why: 'the windows are still open, and nobody wants it any more',
  },
  {
    ...{ name: 'a worker that was down so long: `send`', ...missedByWorker, afterDeadline: 'send' },
    fates: [{ ...berlin, sendAt: null, reason: 'open', status: 'sent', sentAt: looked }],
    why: 'it goes as soon as a worker looks',
  },
  {
    ...{
      name: 'a worker that was down so long: `fallback`',
      ...missedByWorker,
      afterDeadline: 'fallback',
    },
    fates: [
      {
        ...{ ...berlin, sendAt: null, reason: 'open', status: 'failed' },
        ...{ code: 'deadline-passed', sentAt: looked, by: 'fallback' },
      },
    ],
    why: 'what the first channel is too late for, the other one brings',
  },
]
