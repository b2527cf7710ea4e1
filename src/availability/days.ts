import type { Day } from './window.ts'

export const dayNames: readonly Day[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

const every: readonly number[] = [0, 1, 2, 3, 4, 5, 6]

/** The days of the week that `days` names, Monday being 0. Tells `problem` of what names none. */
export function readDays(days: unknown, problem: (text: string) => void): readonly number[] {
  if (days === undefined) return every
  const list = typeof days === 'string' ? days.split(',') : days
  if (!Array.isArray(list)) {
    problem(`must be days such as 'mon-fri', 'sat,sun' or ['mon', 'wed'], not ${say(days)}`)
    return []
  }
  if (list.length === 0) problem('names no day; leave `days` out for every day')
  return [...new Set(list.flatMap((part) => readRange(part, problem)))]
}

function readRange(part: unknown, problem: (text: string) => void): number[] {
  const names =
    typeof part === 'string'
      ? part
          .trim()
          .toLowerCase()
          .split(/\s*-\s*/)
      : []
  const [from, to = from] = names.map((name) => dayNames.indexOf(name as Day))
  if (names.length > 2 || from === undefined || to === undefined || from < 0 || to < 0) {
    problem(`${say(part)} is no day; days are ${dayNames.join(', ')}, and ranges such as mon-fri`)
    return []
  }
  return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, i) => (from + i) % 7)
}

/** Whether a text begins with a date such as 2026-12-25, and the calendar has it. */
export function isDate(iso: string): boolean {
  const date = iso.slice(0, 10)
  const midnight = new Date(`${date}T00:00:00Z`)
  // JavaScript takes the 31st of every month, and gives the first of the next one.
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date)
}

/** A value as the text of a problem quotes it. */
export function say(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 40)}'`
  if (typeof value !== 'object' || value === null) return String(value)
  return Array.isArray(value) ? 'a list' : 'an object'
}
