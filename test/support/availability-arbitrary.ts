import fc from 'fast-check'
import type { Window, WindowSet } from '../../src/availability/index.ts'
import {
  type DayName,
  dayNames,
  type PlainSet,
  type PlainWindow,
  read,
} from './availability-oracle.ts'

/** A set as it is meant, and as a user may have written it. */
export interface SetPair {
  readonly plain: PlainSet
  readonly written: WindowSet
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const two = (number: number) => String(number).padStart(2, '0')
const clock = (minutes: number) => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`

/** Mostly about the hours at which clocks are put, here, in this zone; else at any minute. */
function times(zone: string, pivot: number): fc.Arbitrary<string> {
  const near = [-121, -91, -61, -31, -1, 0, 1, 29, 30, 60, 90, 120].map((minutes) =>
    read(zone, pivot + minutes * minute).time.slice(0, 5),
  )
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...near) },
    { weight: 2, arbitrary: fc.constantFrom('00:00', '00:30', '12:00', '23:00', '23:59') },
    { weight: 3, arbitrary: fc.nat(24 * 4 - 1).map((quarters) => clock(quarters * 15)) },
    { weight: 2, arbitrary: fc.nat(24 * 60 - 1).map(clock) },
  )
}

const days: fc.Arbitrary<{ plain: readonly DayName[]; written: Partial<Window> }> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ plain: dayNames, written: {} }) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(6), fc.nat(6)).map(([first, length]) => {
      const plain = Array.from({ length: length + 1 }, (_, i) => dayNames[(first + i) % 7]!)
      return { plain, written: { days: `${plain[0]!}-${plain.at(-1)!}` } }
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.subarray([...dayNames], { minLength: 1 }),
        fc.constantFrom('list', 'commas', 'loud'),
      )
      .map(([plain, how]) => {
        const text = plain.join(how === 'loud' ? ' , ' : ',')
        const spelled = how === 'loud' ? text.toUpperCase() : text
        return { plain, written: { days: how === 'list' ? plain : spelled } }
      }),
  },
)

function windows(
  zone: string,
  pivot: number,
): fc.Arbitrary<{ plain: PlainWindow; written: Window }> {
  const time = times(zone, pivot)
  const span = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.tuple(time, fc.oneof({ weight: 9, arbitrary: time }, fc.constant('24:00'))),
    },
    { weight: 1, arbitrary: fc.constant(['00:00', '24:00'] as const) },
  )
  return fc
    .tuple(days, span)
    .filter(([, [from, to]]) => from !== to)
    .map(([{ plain, written }, [from, to]]) => ({
      plain: { days: plain, from, to },
      written: { ...written, from, to },
    }))
}

/** Local dates about the pivot, one or a few in a row. */
function closedDates(zone: string, pivot: number) {
  return fc.tuple(fc.integer({ min: -3, max: 12 }), fc.nat(3)).map(([first, length]) => ({
    from: read(zone, pivot + first * day).date,
    to: read(zone, pivot + (first + length) * day).date,
  }))
}

export function arbitrarySets(zone: string, pivot: number): fc.Arbitrary<SetPair[]> {
  const set = fc
    .tuple(
      fc.array(windows(zone, pivot), { maxLength: 3 }),
      fc.oneof(fc.constant([]), fc.array(closedDates(zone, pivot), { maxLength: 3 })),
      fc.boolean(),
    )
    .map(([list, closed, bare]): SetPair => {
      const written = list.map((window) => window.written)
      const except = closed.map(({ from, to }) => (from === to ? from : { from, to }))
      return {
        plain: { windows: list.map((window) => window.plain), closed },
        written: bare && closed.length === 0 ? written : { windows: written, except },
      }
    })
  return fc.array(set, { maxLength: 3 })
}

/** From a day and a half before the pivot to two and a half after it, and often right at it. */
export function arbitraryNow(pivot: number): fc.Arbitrary<number> {
  return fc
    .oneof(
      fc.integer({ min: -1.5 * day, max: 2.5 * day }),
      fc.integer({ min: -36, max: 60 }).map((hours) => hours * hour),
      fc.integer({ min: -180, max: 180 }).map((minutes) => minutes * minute),
      fc.constantFrom(-1001, -1000, -999, -1, 0, 1, 999, 1000, 1001),
    )
    .map((after) => pivot + after)
}
