import { isDate } from '../availability/days.ts'
import { checkWindows } from '../availability/index.ts'
import { type AfterDeadline, afterDeadlines } from '../availability/timing.ts'
import type { SendTerms } from '../send.ts'

/** What a channel or an event says of when its messages go. */
export interface TimingOptions {
  readonly windows?: unknown
  readonly spreadMs?: number | undefined
}

/** A day at most: whoever waits for the same opening is not to wait for the next one. */
const longestSpreadMs = 86_400_000

/** What is wrong with the windows and the spread of a channel or an event. */
export function timingProblems({ windows, spreadMs = 0 }: TimingOptions): string[] {
  const problems = windows === undefined ? [] : [...checkWindows(windows)]
  if (typeof spreadMs !== 'number' || !(spreadMs >= 0 && spreadMs <= longestSpreadMs)) {
    problems.push(`\`spreadMs\` must be a number from 0 to ${longestSpreadMs} (a day)`)
  }
  return problems
}

/** Those that have windows, in words. */
export function ownersWithWindows(
  kind: 'channel' | 'event',
  owners: Readonly<Record<string, TimingOptions>> | undefined,
): string[] {
  return Object.entries(owners ?? {}).flatMap(([name, owner]) =>
    hasWindows(owner?.windows) ? [`${kind} ${name}`] : [],
  )
}

export function hasWindows(windows: unknown): boolean {
  return windows !== undefined && !(Array.isArray(windows) && windows.length === 0)
}

/** What a call says of when its messages go. */
export interface SendTiming {
  /**
   * Not before this instant: a Date or an ISO 8601 string with an offset. Windows are looked at from
   * here.
   */
  readonly at?: Date | string
  /** Passes all windows by, as `immediate` of the event or of a recipient does. Default false. */
  readonly immediate?: boolean
  /** The opening is looked for as if this were the time of the call. Nothing else is moved by it. */
  readonly now?: Date | string
  /** No try begins at this instant or later. Default: none. */
  readonly deadline?: Date | string
  /** The same, in milliseconds after `at`, or after the call where there is none. */
  readonly deadlineMs?: number
  /**
   * What becomes of a delivery that the deadline ends, since its windows open later, no worker came,
   * or no retry is left before it: `fail`, `cancel` it, or send it over its `fallback`; `send` sends
   * all the same what was not tried yet. Default `fail`. Codes: `window-after-deadline`,
   * `deadline-passed`, or that of the last try.
   */
  readonly afterDeadline?: AfterDeadline
}

// An instant needs its offset: without one it would mean another time on another machine.
const isoInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i

// With room for what is added to it: PostgreSQL reads years of four digits.
const instants = { from: Date.UTC(1970, 0), until: Date.UTC(9000, 0) }
const longestDeadlineMs = 100 * 365 * 86_400_000

/** An instant of a Date or an ISO 8601 string with an offset; none where it is neither. */
export function readInstant(at: unknown): Date | undefined {
  if (!(at instanceof Date) && !(typeof at === 'string' && isoInstant.test(at))) return undefined
  const date = new Date(at)
  if (typeof at === 'string' && !isDate(at)) return undefined
  return date.getTime() >= instants.from && date.getTime() < instants.until ? date : undefined
}

export const instantProblem = (name: string) =>
  `\`${name}\` must be a valid Date or an ISO 8601 string with an offset (…T08:00:00Z), from 1970 to 8999`

const isDuration = (ms: unknown) => typeof ms === 'number' && ms > 0 && ms <= longestDeadlineMs

type TimingTerms = Pick<
  SendTerms,
  'at' | 'immediate' | 'now' | 'deadline' | 'deadlineMs' | 'afterDeadline'
>

/** Reads what a call says of its time; what is wrong with it is added to `problems`. */
export function readTiming(given: SendTiming, problems: string[]): TimingTerms {
  const instant = (name: 'at' | 'now' | 'deadline') => {
    const value = given[name]
    const read = value === undefined ? undefined : readInstant(value)
    if (value !== undefined && read === undefined) problems.push(instantProblem(name))
    return read
  }
  const { immediate = false, deadlineMs, afterDeadline = 'fail' } = given
  const [at, now, deadline] = [instant('at'), instant('now'), instant('deadline')]
  if (typeof immediate !== 'boolean') problems.push('`immediate` must be a boolean')
  if (deadlineMs !== undefined && !isDuration(deadlineMs)) {
    problems.push('`deadlineMs` must be a number greater than 0, and of 100 years at most')
  }
  const { deadline: until } = given
  if (until !== undefined && deadlineMs !== undefined) {
    problems.push('`deadline` and `deadlineMs` say the same: give one of them')
  }
  if (at && deadline && deadline <= at) problems.push('`deadline` is not after `at`')
  if (!afterDeadlines.includes(afterDeadline)) {
    problems.push(`\`afterDeadline\` must be one of ${afterDeadlines.join(', ')}`)
  } else if (given.afterDeadline !== undefined && until === undefined && deadlineMs === undefined) {
    problems.push('`afterDeadline` needs a `deadline` or `deadlineMs`')
  }
  return { at, immediate, now, deadline, deadlineMs, afterDeadline }
}
