import { DateTime } from 'luxon'
import type { AfterDeadline, Timing } from './timing.ts'

/** An instant as the wall clock of a zone reads it: `Mon 30 Mar 2026 09:00 Europe/Berlin`. */
export function sayInstant(at: Date, zone: string): string {
  const local = DateTime.fromJSDate(at, { zone }).setLocale('en-US')
  const time = at.getTime() % 60_000 === 0 ? 'HH:mm' : 'HH:mm:ss'
  // Where the clock is put back it reads the same twice.
  const offset = local.getPossibleOffsets().length > 1 ? ` (UTC${local.toFormat('ZZ')})` : ''
  return `${local.toFormat(`ccc d LLL yyyy ${time}`)} ${zone}${offset}`
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
  /** There is an address over a fallback. */
  readonly fallsBack: boolean
  /** The recipient's own zone is none that is known. */
  readonly zoneUnknown: boolean
}

/** In words when a delivery goes, and why then. */
export function sayTiming(told: Told): string {
  return `${sayWhen(told)}${told.zoneUnknown ? '; its own zone is not known' : ''}`
}

function sayWhen(told: Told): string {
  const { timing, zone, now, waitsFor, deadline } = told
  const { at, reason } = timing
  const when = at === null ? '' : at <= now ? `now, ${sayInstant(now, zone)}` : sayInstant(at, zone)
  const by = deadline === null ? '' : `its deadline ${sayInstant(deadline, zone)}`
  switch (reason) {
    case 'open':
      return `${when}, no window holds it back`
    case 'immediate':
      return `${when}, passes the windows by`
    case 'window':
      return `${when}${saySpread(told)}, waits for ${sayWindows(waitsFor)}`
    case 'windows-never-meet':
      return `${when}, since the windows of channel and event never meet`
    case 'no-opening':
      return `${told.fallsBack ? late.fallback : 'never'}, since closed dates leave nothing open within two years`
    case 'window-after-deadline':
      return `${sayLate(told, when)}, since ${sayWindows(waitsFor)} ${waitsFor.length === 1 ? 'does' : 'do'} not open before ${by}`
    case 'deadline-passed':
      return `${sayLate(told, when)}, since ${by} is over`
  }
}

const late: Readonly<Record<Exclude<AfterDeadline, 'send'>, string>> = {
  fail: 'fails',
  cancel: 'is cancelled',
  fallback: 'goes over its fallback, when that may',
}

function sayLate({ afterDeadline, fallsBack }: Told, when: string): string {
  if (afterDeadline === 'send') return `all the same ${when}`
  return late[afterDeadline === 'fallback' && !fallsBack ? 'fail' : afterDeadline]
}

function saySpread(told: Told): string {
  const { spreadUntil, zone, deadline } = told
  if (spreadUntil === null) return ''
  const until = ` or up to ${sayInstant(spreadUntil, zone)}`
  if (deadline === null || spreadUntil <= deadline) return until
  return `${until} (${sayLate(told, 'now')} where that is not before its deadline ${sayInstant(deadline, zone)})`
}

function sayWindows(names: readonly string[]): string {
  return names.length === 1 ? `the ${names[0]} window` : `the windows of ${names.join(' and ')}`
}
