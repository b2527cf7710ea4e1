import { Fault } from './fault.ts'
import { dateFormat } from './intl.ts'

/**
 * Ruby's strftime, as Liquid's `date` knows it, in any zone and language. liquidjs' own reads the
 * wall clock through the zone of the server and is an hour off around its changes of time.
 */
export function strftime(at: Date, pattern: string, locale: string, tz: string): string {
  const wall = wallClock(at, tz)
  const withDay = /%[-^0_]*\d*[de]/.test(pattern)
  return pattern.replace(/%([-^0_]*)(\d*)(:?[a-zA-Z%+])/g, (whole, flags, width, directive) => {
    const make = directives[directive as string]
    if (make === undefined) return whole as string
    const [text, length, filler] = make({ at, wall, locale, tz, withDay })
    return shape(text, String(flags), Number(width) || length, filler)
  })
}

interface Clock {
  readonly at: Date
  /** A date whose UTC fields are the wall clock's. */
  readonly wall: Date
  readonly locale: string
  readonly tz: string
  /** Whether the pattern has the day of the month too. */
  readonly withDay: boolean
}

type Piece = readonly [text: string, length: number, filler: '0' | ' ']

const number = (value: number, length = 2, filler: '0' | ' ' = '0'): Piece => [
  String(value),
  length,
  filler,
]
const text = (value: string): Piece => [value, 0, ' ']
const composed = (pattern: string) => (clock: Clock) =>
  text(strftime(clock.at, pattern, clock.locale, clock.tz))

const directives: Readonly<Record<string, (clock: Clock) => Piece>> = {
  Y: ({ wall }) => number(wall.getUTCFullYear(), 4),
  C: ({ wall }) => number(Math.floor(wall.getUTCFullYear() / 100)),
  y: ({ wall }) => number(wall.getUTCFullYear() % 100),
  m: ({ wall }) => number(wall.getUTCMonth() + 1),
  d: ({ wall }) => number(wall.getUTCDate()),
  e: ({ wall }) => number(wall.getUTCDate(), 2, ' '),
  j: ({ wall }) => number(dayOfYear(wall), 3),
  H: ({ wall }) => number(wall.getUTCHours()),
  k: ({ wall }) => number(wall.getUTCHours(), 2, ' '),
  I: ({ wall }) => number(hour12(wall)),
  l: ({ wall }) => number(hour12(wall), 2, ' '),
  M: ({ wall }) => number(wall.getUTCMinutes()),
  S: ({ wall }) => number(wall.getUTCSeconds()),
  L: ({ wall }) => number(wall.getUTCMilliseconds(), 3),
  p: ({ wall }) => text(wall.getUTCHours() < 12 ? 'AM' : 'PM'),
  P: ({ wall }) => text(wall.getUTCHours() < 12 ? 'am' : 'pm'),
  s: ({ at }) => number(Math.floor(at.getTime() / 1000), 0),
  u: ({ wall }) => number(wall.getUTCDay() || 7, 1),
  w: ({ wall }) => number(wall.getUTCDay(), 1),
  U: ({ wall }) => number(Math.floor((dayOfYear(wall) + 6 - wall.getUTCDay()) / 7)),
  W: ({ wall }) => number(Math.floor((dayOfYear(wall) + 6 - ((wall.getUTCDay() + 6) % 7)) / 7)),
  V: ({ wall }) => number(isoWeek(wall).week),
  G: ({ wall }) => number(isoWeek(wall).year, 4),
  A: (clock) => text(name(clock, { weekday: 'long' })),
  a: (clock) => text(name(clock, { weekday: 'short' })),
  B: (clock) => text(monthName(clock, 'long')),
  b: (clock) => text(monthName(clock, 'short')),
  h: (clock) => text(monthName(clock, 'short')),
  z: ({ at, wall }) => text(offset(at, wall, '')),
  ':z': ({ at, wall }) => text(offset(at, wall, ':')),
  Z: ({ at, locale, tz }) => text(zoneName(at, locale, tz)),
  D: composed('%m/%d/%y'),
  F: composed('%Y-%m-%d'),
  T: composed('%H:%M:%S'),
  X: composed('%H:%M:%S'),
  R: composed('%H:%M'),
  r: composed('%I:%M:%S %p'),
  c: composed('%a %b %e %T %Y'),
  x: composed('%D'),
  v: composed('%e-%^b-%Y'),
  n: () => text('\n'),
  t: () => text('\t'),
  '%': () => text('%'),
}

function shape(raw: string, flags: string, length: number, filler: string): string {
  if (length > 100) throw new Fault('a field of a date is at most 100 wide')
  const cased = flags.includes('^') ? raw.toUpperCase() : raw
  if (flags.includes('-')) return cased
  const fill = flags.includes('0') ? '0' : flags.includes('_') ? ' ' : filler
  return cased.padStart(length, fill)
}

function wallClock(at: Date, tz: string): Date {
  const parts = dateFormat('en-US', tz, {
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at)
  const field = (type: string) => Number(parts.find((part) => part.type === type)?.value)
  const wall = new Date(0)
  wall.setUTCFullYear(field('year'), field('month') - 1, field('day'))
  wall.setUTCHours(field('hour'), field('minute'), field('second'), at.getUTCMilliseconds())
  return wall
}

function name({ wall, locale }: Clock, options: Intl.DateTimeFormatOptions): string {
  return dateFormat(locale, 'UTC', options).format(wall)
}

/** Beside a day several languages inflect the month: `5 января`, but `январь 2026`. */
function monthName({ wall, locale, withDay }: Clock, month: 'long' | 'short'): string {
  const options = withDay ? ({ day: 'numeric', month } as const) : { month }
  const parts = dateFormat(locale, 'UTC', options).formatToParts(wall)
  return parts.find((part) => part.type === 'month')?.value ?? ''
}

function zoneName(at: Date, locale: string, tz: string): string {
  const parts = dateFormat(locale, tz, { timeZoneName: 'short' }).formatToParts(at)
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? tz
}

function offset(at: Date, wall: Date, separator: string): string {
  const minutes = Math.round((wall.getTime() - at.getTime()) / 60_000)
  const pad = (value: number) => String(value).padStart(2, '0')
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}${separator}${pad(size % 60)}`
}

function hour12(wall: Date): number {
  return wall.getUTCHours() % 12 || 12
}

const day = 86_400_000

function dayOfYear(wall: Date): number {
  return Math.floor((wall.getTime() - Date.UTC(wall.getUTCFullYear(), 0, 1)) / day) + 1
}

/** ISO 8601: a week belongs to the year of its Thursday. */
function isoWeek(wall: Date): { year: number; week: number } {
  const thursday = new Date(wall.getTime() + (4 - (wall.getUTCDay() || 7)) * day)
  return { year: thursday.getUTCFullYear(), week: Math.floor((dayOfYear(thursday) - 1) / 7) + 1 }
}
