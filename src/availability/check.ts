import { isDate, readDays, say } from './days.ts'
import { allHours, dayMs, type Hours, weekMs } from './hours.ts'
import { type Span, union } from './span.ts'

type Problems = string[]

/**
 * What is wrong with a set of windows that came from outside (a configuration, a settings table, a
 * form): one text a problem, each beginning with `name` and the place; none where it is a
 * {@link WindowSet}. Never throws.
 *
 * @example checkWindows([{ days: 'mon-fry', from: '9:00', to: '18:00' }], 'channels.sms.windows')
 */
export function checkWindows(value: unknown, name = 'windows'): readonly string[] {
  const problems: Problems = []
  readHours(value, name, problems)
  return problems
}

/** The hours of a set of windows; what is wrong with it is added to `problems`. */
export function readHours(value: unknown, name: string, problems: Problems): Hours {
  if (Array.isArray(value)) return { week: readWindows(value, name, problems), closed: [] }
  if (!isRecord(value)) {
    problems.push(`${name}: must be a list of windows, or { windows, except }, not ${say(value)}`)
    return allHours
  }
  const { windows, except = [] } = checkKeys(value, ['windows', 'except'], name, problems)
  if (!Array.isArray(windows)) {
    problems.push(`${name}.windows: must be a list of windows ([] for any time)`)
  }
  if (!Array.isArray(except)) {
    problems.push(`${name}.except: must be a list of dates, not ${say(except)}`)
  }
  return {
    week: readWindows(Array.isArray(windows) ? windows : [], `${name}.windows`, problems),
    closed: readClosed(Array.isArray(except) ? except : [], `${name}.except`, problems),
  }
}

function readWindows(windows: readonly unknown[], name: string, problems: Problems): Span[] {
  const spans = windows.flatMap((window, i) => readWindow(window, `${name}[${i}]`, problems))
  return windows.length === 0 ? [...allHours.week] : union(spans)
}

function readWindow(window: unknown, name: string, problems: Problems): Span[] {
  if (!isRecord(window)) {
    problems.push(`${name}: must be { days?, from, to }, not ${say(window)}`)
    return []
  }
  const { days, from, to } = checkKeys(window, ['days', 'from', 'to'], name, problems)
  const weekdays = readDays(days, (text) => problems.push(`${name}.days: ${text}`))
  const start = readTime(from, `${name}.from`, problems)
  const end = readTime(to, `${name}.to`, problems)
  if (start === undefined || end === undefined) return []
  if (start === dayMs) {
    problems.push(`${name}.from: '24:00' can only be where a window ends; write '00:00'`)
  } else if (start === end) {
    const whole = "; write '00:00' to '24:00' for the whole day"
    problems.push(`${name}: from and to are both ${say(from)}${whole}`)
  }
  return weekdays.flatMap((day) => inWeek(day * dayMs + start, day * dayMs + end))
}

/** Over midnight where it ends before it begins; Sunday night goes on at the week's beginning. */
function inWeek(from: number, to: number): Span[] {
  const until = to > from ? to : to + dayMs
  if (until <= weekMs) return [{ from, until }]
  return [
    { from, until: weekMs },
    { from: 0, until: until - weekMs },
  ]
}

function readTime(time: unknown, name: string, problems: Problems): number | undefined {
  const read = typeof time === 'string' ? /^([01]\d|2[0-3]):([0-5]\d)$|^24:00$/.exec(time) : null
  if (!read) {
    problems.push(`${name}: must be a time of day such as '09:00', not ${say(time)}`)
    return undefined
  }
  return read[1] === undefined ? dayMs : (Number(read[1]) * 60 + Number(read[2])) * 60_000
}

function readClosed(except: readonly unknown[], name: string, problems: Problems): Span[] {
  const spans = except.map((dates, i) => readDates(dates, `${name}[${i}]`, problems))
  return union(spans.filter((span) => span !== undefined))
}

function readDates(dates: unknown, name: string, problems: Problems): Span | undefined {
  const range = isRecord(dates)
    ? checkKeys(dates, ['from', 'to'], name, problems)
    : { from: dates, to: dates }
  const from = readDate(range.from)
  const to = readDate(range.to)
  if (from === undefined || to === undefined) {
    const wrong = from === undefined ? range.from : range.to
    problems.push(
      `${name}: must be a date such as '2026-12-25', or { from, to }, not ${say(wrong)}`,
    )
    return undefined
  }
  if (from > to) {
    problems.push(`${name}: ends (${say(range.to)}) before it begins (${say(range.from)})`)
    return undefined
  }
  return { from, until: to + dayMs }
}

/** Midnight of a date, as a reading; none where the calendar has no such date. */
function readDate(date: unknown): number | undefined {
  if (typeof date !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined
  return isDate(date) ? Date.parse(`${date}T00:00:00Z`) : undefined
}

/** Adds the keys that are not known to `problems`; gives back the value. */
export function checkKeys(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  name: string,
  problems: Problems,
): Readonly<Record<string, unknown>> {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      problems.push(`${name}: has no key \`${key.slice(0, 40)}\`; known are ${known.join(', ')}`)
    }
  }
  return value
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
