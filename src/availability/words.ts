import { DateTime } from 'luxon'
import type { AfterDeadline, Timing } from './timing.ts'

/** An instant as the wall clock of a zone reads it: `Mon 30 Mar 2026 09:00 Europe/Berlin`. */
export function sayInstant(at: Date, zone: string): string {
  const local = DateTime.fromJSDate(at, { zone }).setLocale('en-US')
  const time = at.getTime() % 60_000 === 0 ? 'HH:mm' : 'HH:mm:ss'
  // Where the clock is put back it reads the same twice.
  const offset = local.getPossibleOffsets().length > 1 ? "' (UTC'ZZ')'" : ''
  return local.toFormat(`ccc d LLL yyyy ${time}'${' '}${zone}'${offset}`)
}

/** What is told of a delivery's time. */
export interface Told {
  readonly timing: Timing
  readonly zone: string
  readonly now: Date
  /** Names of those whose windows it waits for. */
  readonly waitsFor: readonly string[]
  /** Until then it is spread. */
  readonly spreadUntil: Date | null
  readonly deadline: Date | null
  readonly afterDeadline: AfterDeadline
}

const late: Readonly<Record<AfterDeadline, string>> = {
  fail: 'fails',
  cancel: 'is cancelled',
  fallback: 'goes over its fallback',
  send: 'goes all the same',
}

/** In words when a delivery goes, and why then. */
export function sayTiming(told: Told): string {
  const { timing, zone, now, waitsFor, deadline, afterDeadline } = told
  const { at, reason } = timing
  const when = at === null ? '' : at <= now ? `now, ${sayInstant(now, zone)}` : sayInstant(at, zone)
  const ended = late[afterDeadline]
  switch (reason) {
    case 'open':
      return `${when}, no window holds it back`
    case 'immediate':
      return `${when}, passes the windows by`
    case 'window':
      return `${when}${spread(told)}, waits for ${windows(waitsFor)}`
    case 'windows-never-meet':
      return `${when}, since the windows of channel and event never meet`
    case 'no-opening':
      return 'never, since closed dates leave nothing open within two years'
    case 'window-after-deadline':
      return `${ended}, since ${windows(waitsFor)} opens after its deadline ${sayInstant(deadline!, zone)}`
    case 'deadline-passed':
      return `${ended}, since its deadline ${sayInstant(deadline!, zone)} is over`
  }
}

function spread({ spreadUntil, zone }: Told): string {
  return spreadUntil === null ? '' : ` or up to ${sayInstant(spreadUntil, zone)}`
}

function windows(names: readonly string[]): string {
  return names.length === 1 ? `the ${names[0]} window` : `the windows of ${names.join(' and ')}`
}
