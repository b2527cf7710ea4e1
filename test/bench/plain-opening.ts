/**
 * The opening as one would write it without a module for it, by luxon and by native Intl: from one
 * beginning of a window to the next, until all sets are open. Right for windows that no change of a
 * clock touches; both are quick, with all that does not change kept.
 */
import { DateTime } from 'luxon'

/** Within a day, on these days of the week (1 is Monday). Minutes since midnight. */
export interface PlainWindow {
  readonly days: readonly number[]
  readonly from: number
  readonly to: number
}

export type PlainSets = readonly (readonly PlainWindow[])[]

export function luxonOpening(now: Date, zone: string, sets: PlainSets): Date {
  let at = DateTime.fromJSDate(now, { zone })
  for (;;) {
    const latest = DateTime.max(...sets.map((windows) => luxonNext(at, windows)))!
    if (+latest === +at) return latest.toJSDate()
    at = latest
  }
}

/** `at` where one of the windows is open, else the beginning of the next. */
function luxonNext(at: DateTime, windows: readonly PlainWindow[]): DateTime {
  const minutes = at.hour * 60 + at.minute
  const open = ({ days, from, to }: PlainWindow) =>
    days.includes(at.weekday) && minutes >= from && minutes < to
  if (windows.some(open)) return at
  for (let after = 0; ; after += 1) {
    const weekday = ((at.weekday - 1 + after) % 7) + 1
    const starts = windows
      .filter(({ days, from }) => days.includes(weekday) && (after > 0 || from > minutes))
      .map(({ from }) => from)
    if (starts.length === 0) continue
    const first = Math.min(...starts)
    const time = { hour: Math.floor(first / 60), minute: first % 60, second: 0, millisecond: 0 }
    return (after === 0 ? at : at.plus({ days: after })).set(time)
  }
}

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** The same, on what the wall clock reads (as if it were UTC), which is read and turned back. */
export function intlOpening(now: Date, zone: string, sets: PlainSets): Date {
  const start = readingAt(now.getTime(), zone) + (now.getTime() % 1000)
  let reading = start
  for (;;) {
    const latest = Math.max(...sets.map((windows) => intlNext(reading, windows)))
    if (latest === reading) break
    reading = latest
  }
  if (reading === start) return now
  const guess = reading - (start - now.getTime())
  return new Date(guess + reading - readingAt(guess, zone))
}

function intlNext(reading: number, windows: readonly PlainWindow[]): number {
  const today = reading - (reading % dayMs)
  const minutes = Math.floor((reading - today) / minuteMs)
  for (let after = 0; ; after += 1) {
    const day = today + after * dayMs
    const weekday = new Date(day).getUTCDay() || 7
    let first = Number.POSITIVE_INFINITY
    for (const { days, from, to } of windows) {
      if (!days.includes(weekday) || (after === 0 && to <= minutes)) continue
      if (after === 0 && from <= minutes) return reading
      first = Math.min(first, day + from * minuteMs)
    }
    if (first < Number.POSITIVE_INFINITY) return first
  }
}

const formats = new Map<string, Intl.DateTimeFormat>()

function readingAt(instant: number, zone: string): number {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' },
      ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
    })
    formats.set(zone, format)
  }
  // 03/28/2026, 20:00:00
  const text = format.format(instant)
  const part = (from: number, to: number) => Number(text.slice(from, to))
  return Date.UTC(
    ...([part(6, 10), part(0, 2) - 1, part(3, 5)] as const),
    ...([part(12, 14), part(15, 17), part(18, 20)] as const),
  )
}
