import { intersection, type Span, spanFrom, union } from './span.ts'

export const dayMs = 86_400_000
export const weekMs = 7 * dayMs

/**
 * What windows and closed dates come to, as a wall clock reads; no zone is in here. A reading is
 * a number: the milliseconds since 1970 at which a clock in UTC reads the same.
 */
export interface Hours {
  /** Milliseconds of the week, which begins on Monday at 00:00. */
  readonly week: readonly Span[]
  /** Closed dates: readings. */
  readonly closed: readonly Span[]
}

/** 1970-01-05, 00:00: the first Monday of all readings. */
const monday = 4 * dayMs

export const allHours: Hours = { week: [{ from: 0, until: weekMs }], closed: [] }

/** The hours in which all of `sets` are open. */
export function meet(sets: readonly Hours[]): Hours {
  return {
    week: sets.map(({ week }) => week).reduce(intersection, allHours.week),
    closed: union(sets.flatMap(({ closed }) => closed)),
  }
}

/** The first open reading from `reading` on; `end` where there is none before that. */
export function nextOpen({ week, closed }: Hours, reading: number, end: number): number {
  let at = reading
  while (at < end) {
    const dates = spanFrom(closed, at)
    if (dates && dates.from <= at) {
      at = dates.until
      continue
    }
    const start = weekStart(at)
    const span = spanFrom(week, at - start)
    if (span && start + span.from <= at) return at
    at = start + (span ? span.from : weekMs)
  }
  return end
}

/** The first reading from `reading` on that is not open; `end` where there is none before that. */
export function nextShut({ week, closed }: Hours, reading: number, end: number): number {
  let at = reading
  while (at < end) {
    const start = weekStart(at)
    const span = spanFrom(week, at - start)
    if (!span || start + span.from > at) return at
    const until = start + span.until
    const dates = spanFrom(closed, at)
    if (dates && dates.from < until) return Math.min(Math.max(at, dates.from), end)
    // A new week may go on where this one ends.
    at = until
  }
  return end
}

function weekStart(reading: number): number {
  return Math.floor((reading - monday) / weekMs) * weekMs + monday
}
