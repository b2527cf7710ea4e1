import { IANAZone } from 'luxon'
import type { Span } from './span.ts'

/** A time for which the offset from UTC does not change. It may end where nothing changes. */
export interface Stretch extends Span {
  readonly offsetMs: number
}

/** What a zone's wall clock reads at an instant: `instant + offsetMs`. */
export interface ZoneClock {
  stretchAt(instant: number): Stretch
}

/** The last instant that a `Date` can hold; the first one is its negative. */
export const lastInstant = 8.64e15

const dayMs = 86_400_000
// Where the wall clock's own date would be beyond what a `Date` holds, Luxon gives NaN.
const lastRead = lastInstant - 2 * dayMs
// A quarter or so at once: few look-ups for a zone that is asked once, and none twice.
const chunkMs = 64 * dayMs
// The zones' shortest time between a change and its reversal, from 1900 to 2100, is four days.
const stepMs = 2 * dayMs

// Both are bounds against names and instants without end; in ordinary use neither is reached.
const maxClocks = 2000
const maxChunks = 400

const clocks = new Map<string, ZoneClock>()

/** The clock of a zone, by any name that the runtime knows (`Europe/Berlin`), in any case. */
export function zoneClock(zone: string): ZoneClock | undefined {
  const kept = clocks.get(zone)
  if (kept) return kept
  const name = canonicalName(zone)
  if (name === undefined) return undefined
  const clock = clocks.get(name) ?? createClock(new IANAZone(name))
  if (clocks.size >= maxClocks) clocks.clear()
  clocks.set(name, clock).set(zone, clock)
  return clock
}

/**
 * Whether the runtime knows a time zone of this name. Only names are zones: `'+02:00'` and the like
 * are not, on any version of Node.js.
 */
export function isZone(zone: unknown): zone is string {
  return typeof zone === 'string' && zoneClock(zone) !== undefined
}

// Luxon keeps every name that it is asked for, so it is asked only for what the runtime knows.
function canonicalName(zone: unknown): string | undefined {
  if (typeof zone !== 'string' || !/^[a-z]/i.test(zone)) return undefined
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}

function createClock(zone: IANAZone): ZoneClock {
  const chunks = new Map<number, readonly Stretch[]>()
  let last: Stretch = { from: 0, until: 0, offsetMs: 0 }
  return {
    stretchAt(instant) {
      if (instant >= last.from && instant < last.until) return last
      const number = Math.floor(instant / chunkMs)
      let chunk = chunks.get(number)
      if (!chunk) {
        chunk = stretches(zone, number * chunkMs)
        if (chunks.size >= maxChunks) chunks.clear()
        chunks.set(number, chunk)
      }
      last = chunk.find(({ until }) => instant < until)!
      return last
    },
  }
}

/** All stretches of one chunk, found by looking at its offset every two days. */
function stretches(zone: IANAZone, start: number): Stretch[] {
  const found: Stretch[] = []
  const end = start + chunkMs
  let from = start
  let offsetMs = offsetAt(zone, start)
  for (let low = start; low < end; low += stepMs) {
    const high = low + stepMs
    const next = offsetAt(zone, high)
    // More than once where a zone changes twice within a step.
    while (offsetMs !== next) {
      const change = firstChange(zone, Math.max(from, low), high, offsetMs)
      found.push({ from, until: change, offsetMs })
      from = change
      offsetMs = offsetAt(zone, change)
    }
  }
  // Empty where the offset changes with the next chunk's first second.
  if (from < end) found.push({ from, until: end, offsetMs })
  return found
}

/** The first second at which the offset is no longer `offsetMs`: it is at `low`, not at `high`. */
function firstChange(zone: IANAZone, low: number, high: number, offsetMs: number): number {
  let before = low
  let after = high
  while (after - before > 1000) {
    const middle = before + Math.floor((after - before) / 2000) * 1000
    if (offsetAt(zone, middle) === offsetMs) before = middle
    else after = middle
  }
  return after
}

function offsetAt(zone: IANAZone, instant: number): number {
  const within = Math.min(Math.max(instant, -lastRead), lastRead)
  // Luxon counts minutes, and before time zones were agreed on there are seconds in them.
  return Math.round(zone.offset(within) * 60) * 1000
}
