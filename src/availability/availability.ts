import { EnvoyerError } from '../errors.ts'
import { readHours } from './check.ts'
import { say } from './days.ts'
import { type Hours, meet, nextOpen, nextShut, weekMs } from './hours.ts'
import type { WindowSet } from './window.ts'
import { lastInstant, type ZoneClock, zoneClock } from './zone.ts'

/**
 * When a message may go.
 *
 * - `open`: at once, `at` is `now`.
 * - `window`: at `at`, on the second: the first instant at which the wall clock reads inside.
 * - `windows-never-meet`: at once, since no reading of any weekday lies in all sets. Waiting would
 *   be for ever, so closed dates are passed by as well.
 * - `no-opening`: closed dates leave nothing open within two years.
 */
export type Opening =
  | { readonly at: Date; readonly reason: 'open' | 'window' | 'windows-never-meet' }
  | { readonly at: null; readonly reason: 'no-opening' }

/** From `from` up to, but without, `until`, without a break. */
export interface OpenTime {
  readonly from: Date
  /** `null`: it does not end within two years. */
  readonly until: Date | null
}

/**
 * Sets of windows, checked and put together once, to be asked many times: a question costs less than
 * a microsecond. `zone` is a name that the runtime knows ({@link isZone}). Every method throws
 * `option-invalid` for another one, and for a `now` that is no valid date.
 */
export interface Availability {
  /** Nothing is ever held back: no windows, and no closed dates. */
  readonly always: boolean
  /** Whether some wall-clock reading of some weekday lies in all sets. Closed dates do not count. */
  readonly meets: boolean
  /** Whether the wall clock reads inside all sets. Where they never meet: no. */
  isOpen(now: Date, zone: string): boolean
  opening(now: Date, zone: string): Opening
  /**
   * The end of the opening that holds at `now`, or else of the next one. `null`: it has none within
   * two years of `now`, or there is no opening.
   */
  closing(now: Date, zone: string): Date | null
  /**
   * The next openings within two years, `count` at most. The first one begins at `now` where that
   * is open. None where the windows never meet.
   */
  nextOpenings(now: Date, zone: string, count: number): readonly OpenTime[]
}

/**
 * Puts sets of windows together: open is what lies in all of them. `names` stand for the sets in
 * errors, by default `sets[0]` and so on.
 *
 * @throws `option-invalid` with all that is wrong with the sets.
 * @example
 * const office = createAvailability([[{ days: 'mon-fri', from: '09:00', to: '18:00' }]])
 * office.opening(new Date(), 'Europe/Berlin').at
 */
export function createAvailability(
  sets: readonly WindowSet[],
  names: readonly string[] = [],
): Availability {
  if (!Array.isArray(sets)) throw new EnvoyerError('option-invalid', 'sets: must be a list')
  const problems: string[] = []
  const hours = meet(sets.map((set, i) => readHours(set, names[i] ?? `sets[${i}]`, problems)))
  if (problems.length > 0) throw new EnvoyerError('option-invalid', problems)
  const { week, closed } = hours
  const whole = week[0]?.until === weekMs && week[0].from === 0
  return {
    always: whole && closed.length === 0,
    meets: week.length > 0,
    isOpen(now, zone) {
      const start = instantOf(now)
      return seek(nextOpen, hours, clockOf(zone), start, start) === start
    },
    opening(now, zone) {
      const start = instantOf(now)
      const clock = clockOf(zone)
      if (week.length === 0) return { at: new Date(start), reason: 'windows-never-meet' }
      const at = seek(nextOpen, hours, clock, start, horizon(start))
      if (at === undefined) return { at: null, reason: 'no-opening' }
      return { at: new Date(at), reason: at === start ? 'open' : 'window' }
    },
    closing(now, zone) {
      const start = instantOf(now)
      const [next] = openTimes(hours, clockOf(zone), start, horizon(start), 1)
      return next?.until ?? null
    },
    nextOpenings(now, zone, count) {
      checkCount(count)
      const start = instantOf(now)
      return openTimes(hours, clockOf(zone), start, horizon(start), count)
    },
  }
}

function openTimes(
  hours: Hours,
  clock: ZoneClock,
  start: number,
  end: number,
  count: number,
): OpenTime[] {
  const found: OpenTime[] = []
  let from = seek(nextOpen, hours, clock, start, end)
  while (from !== undefined && found.length < count) {
    const until = seek(nextShut, hours, clock, from, end)
    found.push({ from: new Date(from), until: until === undefined ? null : new Date(until) })
    from = until === undefined ? undefined : seek(nextOpen, hours, clock, until, end)
  }
  return found
}

/**
 * The first instant from `start` to `end`, both included, whose reading `next` looks for. It goes
 * from one change of the zone's offset to the next: between them clock and time go alike, and in
 * each the reading is looked for anew, since a change skips readings or brings them back.
 */
function seek(
  next: typeof nextOpen,
  hours: Hours,
  clock: ZoneClock,
  start: number,
  end: number,
): number | undefined {
  let instant = start
  while (instant <= end) {
    const { until, offsetMs } = clock.stretchAt(instant)
    const stop = Math.min(until, end + 1)
    const found = next(hours, instant + offsetMs, stop + offsetMs) - offsetMs
    if (found < stop) return found
    instant = until
  }
  return undefined
}

/** The same date and time of day in UTC two years later. */
function horizon(start: number): number {
  const end = new Date(start)
  end.setUTCFullYear(end.getUTCFullYear() + 2)
  return Number.isNaN(end.getTime()) ? lastInstant : end.getTime()
}

function instantOf(now: Date): number {
  const instant = now instanceof Date ? now.getTime() : Number.NaN
  if (Number.isNaN(instant)) throw new EnvoyerError('option-invalid', 'now: must be a valid Date')
  return instant
}

function checkCount(count: number): void {
  if (Number.isSafeInteger(count) && count >= 0) return
  throw new EnvoyerError(
    'option-invalid',
    `count: must be a whole number, 0 or more, not ${say(count)}`,
  )
}

function clockOf(zone: string): ZoneClock {
  const clock = zoneClock(zone)
  if (clock) return clock
  const name = typeof zone === 'string' ? `'${zone.slice(0, 60)}'` : String(zone)
  throw new EnvoyerError('option-invalid', `zone: the runtime knows no time zone ${name}`)
}
