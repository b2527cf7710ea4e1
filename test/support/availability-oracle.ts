/**
 * What src/availability must come to, found without any of its means: this steps through instants,
 * asks native Intl for what the wall clock reads, and compares texts. It knows no offsets, and
 * adds nothing to local times.
 */
export const dayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type DayName = (typeof dayNames)[number]

/** A window as it is meant, without the ways of spelling it. */
export interface PlainWindow {
  readonly days: readonly DayName[]
  readonly from: string
  readonly to: string
}

export interface PlainSet {
  readonly windows: readonly PlainWindow[]
  readonly closed: readonly { readonly from: string; readonly to: string }[]
}

export interface Reading {
  /** YYYY-MM-DD */
  readonly date: string
  readonly day: DayName
  /** HH:mm:ss */
  readonly time: string
}

export interface Mark {
  readonly instant: number
  readonly reading: Reading
}

export interface Found {
  readonly from: number
  /** None where the marks end before the opening does. */
  readonly until: number | undefined
}

const second = 1000
const minute = 60 * second
const readers = new Map<string, Intl.DateTimeFormat>()

export function read(zone: string, instant: number): Reading {
  let reader = readers.get(zone)
  if (!reader) {
    reader = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: zone, hourCycle: 'h23', weekday: 'short' },
      ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
      ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
    })
    readers.set(zone, reader)
  }
  // Sat, 03/28/2026, 20:00:00
  const text = reader.format(instant)
  return {
    date: `${text.slice(11, 15)}-${text.slice(5, 7)}-${text.slice(8, 10)}`,
    day: text.slice(0, 3).toLowerCase() as DayName,
    time: text.slice(17),
  }
}

/** Every minute of a time, and every second of the minutes in which the clock is put. */
export function marksOf(zone: string, from: number, until: number): Mark[] {
  const marks: Mark[] = []
  const mark = (instant: number) => marks.push({ instant, reading: read(zone, instant) })
  mark(Math.floor(from / minute) * minute)
  while (marks.at(-1)!.instant < until) {
    const last = marks.at(-1)!
    const next = last.instant + minute
    if (asUtc(read(zone, next)) - asUtc(last.reading) !== minute) {
      for (let instant = last.instant + second; instant < next; instant += second) mark(instant)
    }
    mark(next)
  }
  return marks
}

/** Where the clock is put forward or back, to the second. For choosing instants to test. */
export function transitions(zone: string, from: number, until: number): number[] {
  const ahead = (instant: number) => asUtc(read(zone, instant)) - instant
  const found: number[] = []
  const step = 2 * 24 * 60 * minute
  for (let low = from; low < until; low += step) {
    let before = low
    let after = low + step
    if (ahead(before) === ahead(after)) continue
    while (after - before > second) {
      const middle = before + Math.floor((after - before) / 2 / second) * second
      if (ahead(middle) === ahead(before)) before = middle
      else after = middle
    }
    found.push(after)
  }
  return found
}

function asUtc({ date, time }: Reading): number {
  return Date.parse(`${date}T${time}Z`)
}

export function reads(reading: Reading, sets: readonly PlainSet[]): boolean {
  return sets.every(({ windows, closed }) => {
    if (closed.some(({ from, to }) => from <= reading.date && reading.date <= to)) return false
    return windows.length === 0 || windows.some((window) => readsInside(reading, window))
  })
}

function readsInside({ day, time }: Reading, { days, from, to }: PlainWindow): boolean {
  const start = `${from}:00`
  const end = `${to}:00`
  if (end > start) return days.includes(day) && time >= start && time < end
  const yesterday = dayNames[(dayNames.indexOf(day) + 6) % 7]!
  return (days.includes(day) && time >= start) || (days.includes(yesterday) && time < end)
}

/** Whether any reading of any weekday lies in all sets, closed dates aside. */
export function everMeet(sets: readonly PlainSet[]): boolean {
  const open = sets.map(({ windows }) => ({ windows, closed: [] }))
  const two = (number: number) => String(number).padStart(2, '0')
  return dayNames.some((day) =>
    Array.from({ length: 24 * 60 }, (_, i) => `${two(Math.floor(i / 60))}:${two(i % 60)}:00`).some(
      (time) => reads({ date: '', day, time }, open),
    ),
  )
}

/** The first `count` openings from `now` on, as far as the marks go. */
export function openings(
  zone: string,
  marks: readonly Mark[],
  sets: readonly PlainSet[],
  now: number,
  count: number,
): Found[] {
  const found: Found[] = []
  let last = now
  let from = reads(read(zone, now), sets) ? now : undefined
  for (const { instant, reading } of marks) {
    if (instant <= now) continue
    if (reads(reading, sets) !== (from !== undefined)) {
      const exact = firstSecond(zone, sets, last, instant, from === undefined)
      if (from !== undefined) {
        found.push({ from, until: exact })
        if (found.length === count) return found
      }
      from = from === undefined ? exact : undefined
    }
    last = instant
  }
  if (from !== undefined) found.push({ from, until: undefined })
  return found
}

function firstSecond(
  zone: string,
  sets: readonly PlainSet[],
  after: number,
  until: number,
  open: boolean,
): number {
  for (let at = (Math.floor(after / second) + 1) * second; at < until; at += second) {
    if (reads(read(zone, at), sets) === open) return at
  }
  return until
}
