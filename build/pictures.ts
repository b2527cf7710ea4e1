/**
 * The pictures of docs/explanation/windows.md: windows over a day on which the clock is put. What
 * is open is asked of the module itself, so that a picture cannot say anything else.
 */
import { DateTime } from 'luxon'
import { nextOpenings, type Window, type WindowSet } from '../src/availability/index.ts'

const zone = 'Europe/Berlin'
const channel: Window = { from: '22:00', to: '06:00' }
const event: Window = { from: '02:30', to: '12:00' }

interface Row {
  readonly name: string
  readonly what: string
  readonly sets: readonly WindowSet[]
}

const written = ({ from, to }: Window) => `${from}–${to}`
const rows: readonly Row[] = [
  { name: 'channel', what: written(channel), sets: [[channel]] },
  { name: 'event', what: written(event), sets: [[event]] },
  { name: 'both', what: 'messages go', sets: [[channel], [event]] },
]

interface Bar {
  readonly from: number
  readonly until: number
}

interface Day extends Bar {
  readonly name: string
  /** The instant at which the clock is put. */
  readonly change: number
}

/** Pictures by path within `docs/`. */
export function pictures(): Readonly<Record<string, string>> {
  return {
    'explanation/images/windows-spring.svg': picture(dayOf('2026-03-29')),
    'explanation/images/windows-autumn.svg': picture(dayOf('2026-10-25')),
  }
}

const hourMs = 3_600_000
const local = (instant: number) => DateTime.fromMillis(instant, { zone, locale: 'en' })
const utc = (instant: number) => DateTime.fromMillis(instant, { zone: 'utc', locale: 'en' })

/** What a clock reads at an instant that nobody has put since `since`. */
const reading = (instant: number, since = instant) => utc(instant + local(since).offset * 60_000)

function dayOf(date: string): Day {
  const noon = DateTime.fromISO(`${date}T12:00`, { zone, locale: 'en' })
  const from = noon.startOf('day').toMillis()
  const until = noon.plus({ days: 1 }).startOf('day').toMillis()
  let change = from
  while (local(change).offset === local(from).offset) change += hourMs / 4
  return { name: noon.toFormat('cccc, d LLLL yyyy'), from, until, change }
}

function barsOf(day: Day, { sets }: Row): Bar[] {
  const now = new Date(day.from - 12 * hourMs)
  return nextOpenings({ now, zone, sets }, 10)
    .map(({ from, until }) => ({ from: from.getTime(), until: until!.getTime() }))
    .filter(({ from, until }) => until > day.from && from < day.until)
}

/** `02:30–06:00`; with the weekday where that is another one. */
function localTimes(day: Day, { from, until }: Bar): string {
  const begins = reading(from)
  const ends = reading(until, until - 1)
  const said = (time: DateTime) =>
    time.toFormat(time.day === local(day.change).day ? 'HH:mm' : 'ccc HH:mm')
  return `${said(begins)}–${said(ends)}`
}

const utcTimes = ({ from, until }: Bar) =>
  `${utc(from).toFormat('HH:mm')}–${utc(until).toFormat('HH:mm')}Z`

const left = 108
const hourWidth = 33
const width = left + 25 * hourWidth + 28
const top = 106
const rowHeight = 72
const barHeight = 26
const bottom = top + rows.length * rowHeight
const height = bottom + 34
/** Of a letter, about; what is written is as wide as that at most. */
const letterWidth = 7.2

const x = (day: Day, instant: number) => left + ((instant - day.from) / hourMs) * hourWidth

const style = `
  text { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2937; }
  .title { font-size: 17px; font-weight: 600; }
  .strong { font-weight: 600; }
  .dim { fill: #64748b; }
  .small { font-size: 12px; }
  .times { paint-order: stroke; stroke: #ffffff; stroke-width: 5px; stroke-linejoin: round; }
  .paper { fill: #ffffff; stroke: #d5dbe3; }
  .grid { stroke: #e6eaf0; }
  .track { fill: #f1f4f8; }
  .twice { fill: #f59e0b; fill-opacity: 0.28; }
  .put { stroke: #d97706; stroke-width: 1.5; stroke-dasharray: 4 3; }
  .putting { fill: #b45309; font-weight: 600; }
  .channel { fill: #3b82f6; }
  .event { fill: #a855f7; }
  .both { fill: #16a34a; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .dim { fill: #98a5b5; }
    .times { stroke: #10161f; }
    .paper { fill: #10161f; stroke: #2c3644; }
    .grid { stroke: #232c39; }
    .track { fill: #1a222e; }
    .put { stroke: #f59e0b; }
    .putting { fill: #fbbf24; }
    .channel { fill: #60a5fa; }
    .event { fill: #c084fc; }
    .both { fill: #4ade80; }
  }`

type Attributes = Readonly<Record<string, string | number>>

function element(name: string, attributes: Attributes, content = ''): string {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${value}"`)
  return content === ''
    ? `<${name}${pairs.join('')}/>`
    : `<${name}${pairs.join('')}>${content}</${name}>`
}

const text = (at: number, y: number, kind: string, content: string, anchor = 'start') =>
  element('text', { x: at, y, class: kind, 'text-anchor': anchor }, content)

const line = (at: number, from: number, to: number, kind: string) =>
  element('line', { x1: at, x2: at, y1: from, y2: to, class: kind })

function picture(day: Day): string {
  const title = `${day.name} in ${zone}: ${(day.until - day.from) / hourMs} hours`
  const parts = [
    element('title', { id: 'title' }, title),
    element('desc', { id: 'desc' }, described(day)),
    element('style', {}, `${style}\n`),
    element('rect', {
      x: 0.5,
      y: 0.5,
      width: width - 1,
      height: height - 1,
      rx: 8,
      class: 'paper',
    }),
    text(20, 34, 'title', title),
    ...rows.flatMap((row, n) => track(day, row, top + n * rowHeight)),
    ...hours(day),
    ...putting(day),
    ...rows.flatMap((row, n) =>
      barsOf(day, row).flatMap((bar) => drawn(day, row, bar, top + n * rowHeight)),
    ),
  ]
  const root = { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}` }
  const name = { role: 'img', 'aria-labelledby': 'title desc' }
  return `${element('svg', { ...root, width, height, ...name }, `\n${parts.join('\n')}\n`)}\n`
}

function described(day: Day): string {
  const said = rows.map((row) => {
    const times = barsOf(day, row).map((bar) => `${localTimes(day, bar)} (${utcTimes(bar)})`)
    return `${row.name} (${row.what}): ${times.join(' and ')}`
  })
  return `${changeOf(day)}. Open, as the clock in Berlin reads, with UTC in brackets: ${said.join('; ')}.`
}

function changeOf({ change }: Day): string {
  const [before, after] = [reading(change, change - 1), reading(change)]
  const [earlier, later] = [before, after]
    .map((time) => time.toFormat('HH:mm'))
    .toSorted((a, b) => a.localeCompare(b))
  const what = before < after ? 'is skipped' : 'comes twice'
  return `${earlier} to ${later} ${what}`
}

function track(day: Day, row: Row, y: number): string[] {
  const length = x(day, day.until) - left
  return [
    text(20, y + 12, 'strong', row.name),
    text(20, y + 29, 'dim small', row.what),
    element('rect', { x: left, y, width: length, height: barHeight, rx: 4, class: 'track' }),
  ]
}

/** A line an hour, with what the clock reads above and UTC below. */
function hours(day: Day): string[] {
  const drawnHours: string[] = [
    text(20, top - 16, 'small', 'Berlin reads'),
    text(20, bottom + 14, 'dim small', 'UTC'),
  ]
  for (let instant = day.from; instant <= day.until; instant += hourMs) {
    const at = x(day, instant)
    const put = Math.abs(instant - day.change) <= hourMs && isPut(day, reading(instant))
    drawnHours.push(
      line(at, top - 8, bottom, 'grid'),
      text(
        at,
        top - 16,
        put ? 'putting small' : 'small',
        reading(instant).toFormat('HH'),
        'middle',
      ),
      text(at, bottom + 14, 'dim small', utc(instant).toFormat('HH'), 'middle'),
    )
  }
  return drawnHours
}

const isPut = ({ change }: Day, time: DateTime) => time.hour === reading(change).hour

/** The change of the clock; where it reads an hour twice, both of them are marked. */
function putting(day: Day): string[] {
  const at = x(day, day.change)
  const back = local(day.change).offset < local(day.change - 1).offset
  const mark = (y: number, height: number) =>
    element('rect', { x: at - hourWidth, y, width: 2 * hourWidth, height, class: 'twice' })
  const marks = rows.map((_row, n) => mark(top + n * rowHeight, barHeight))
  return [
    ...(back ? marks : []),
    line(at, top - 8, bottom, 'put'),
    text(back ? at - hourWidth - 8 : at - 8, top - 36, 'putting small', changeOf(day)),
  ]
}

/** A bar and its times below: from its beginning, or where it is too short for them, to its end. */
function drawn(day: Day, row: Row, bar: Bar, y: number): string[] {
  const from = x(day, Math.max(bar.from, day.from))
  const until = x(day, Math.min(bar.until, day.until))
  const times = localTimes(day, bar)
  const fits = times.length * letterWidth <= until - from
  const [at, anchor] = fits ? [from + 4, 'start'] : [until - 4, 'end']
  return [
    element('rect', { x: from, y, width: until - from, height: barHeight, rx: 4, class: row.name }),
    text(at, y + barHeight + 15, 'times strong small', times, anchor),
    text(at, y + barHeight + 30, 'times dim small', utcTimes(bar), anchor),
  ]
}
