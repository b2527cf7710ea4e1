import type { Availability } from './availability.ts'

/** The windows of a channel and an event, as they hold together. */
export interface Timetable {
  readonly availability: Availability
  /** The channel and the event, each by itself. */
  readonly owners: readonly { readonly name: string; readonly availability: Availability }[]
  /** Over how long those are spread who wait for the same opening. 0: not at all. */
  readonly spreadMs: number
}

/** What becomes of a delivery that cannot go by its deadline. */
export const afterDeadlines = ['fail', 'send', 'cancel', 'fallback'] as const
export type AfterDeadline = (typeof afterDeadlines)[number]

/** What is asked for one delivery. */
export interface Wish {
  /** Its UUID, by which it is spread. */
  readonly id: string
  readonly zone: string
  /** The windows are looked at from here. */
  readonly notBefore: Date
  /** Passes the windows by. */
  readonly immediate: boolean
  /** It must go before this. */
  readonly deadline: Date | null
  readonly afterDeadline: AfterDeadline
}

/**
 * When a delivery goes.
 *
 * - `open`: when it may, since no window holds it back; `immediate`: since it passes them by.
 * - `window`: when the windows open, or within the spread after that.
 * - `windows-never-meet`: when it may, since waiting would be for ever.
 * - `no-opening`: never; closed dates leave nothing open within two years.
 * - `window-after-deadline`: its windows do not open before its deadline; `deadline-passed`: that is
 *   over already. Never, or when it may, as its `afterDeadline` says.
 */
export type Timing =
  | {
      readonly at: Date
      readonly reason: 'open' | 'immediate' | 'window' | 'windows-never-meet' | LateReason
    }
  | { readonly at: null; readonly reason: 'no-opening' | LateReason }

type LateReason = 'window-after-deadline' | 'deadline-passed'

/** When a delivery goes, by its windows and its deadline. */
export function timingOf(timetable: Timetable, wish: Wish): Timing {
  const { notBefore, deadline, afterDeadline } = wish
  const slot = slotOf(timetable, wish)
  if (slot.at === null || deadline === null || slot.at < deadline) return slot
  const reason = notBefore < deadline ? 'window-after-deadline' : 'deadline-passed'
  return { at: afterDeadline === 'send' ? notBefore : null, reason }
}

function slotOf(timetable: Timetable, wish: Wish): Timing {
  const { availability, spreadMs } = timetable
  const { id, zone, notBefore, immediate } = wish
  if (availability.always) return { at: notBefore, reason: 'open' }
  if (immediate) return { at: notBefore, reason: 'immediate' }
  const opening = availability.opening(notBefore, zone)
  if (opening.reason !== 'window' || spreadMs === 0) return opening
  const from = opening.at.getTime()
  const until = spreadEnd(timetable, opening.at, zone).getTime()
  return { at: new Date(from + Math.floor(shareOf(id) * (until - from))), reason: 'window' }
}

/** Until when, itself not included, those are spread who wait for an opening: never beyond its end. */
export function spreadEnd(
  { availability, spreadMs }: Pick<Timetable, 'availability' | 'spreadMs'>,
  opening: Date,
  zone: string,
): Date {
  const end = new Date(opening.getTime() + spreadMs)
  const closing = availability.closing(opening, zone)
  return closing !== null && closing < end ? closing : end
}

/** Names of those whose windows open last, of the ones waited for from an instant on. */
export function waitsFor({ availability, owners }: Timetable, from: Date, zone: string): string[] {
  const opening = availability.opening(from, zone)
  if (opening.reason !== 'window') return []
  const before = new Date(opening.at.getTime() - 1)
  return owners.filter((owner) => !owner.availability.isOpen(before, zone)).map(({ name }) => name)
}

/** From 0 to 1, and always the same of the same id: the last 48 bits of a UUID are random. */
function shareOf(id: string): number {
  return Number.parseInt(id.slice(-12), 16) / 2 ** 48
}
