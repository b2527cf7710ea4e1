import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createAvailability } from '../../src/availability/index.ts'
import { arbitraryNow, arbitrarySets, type SetPair } from '../support/availability-arbitrary.ts'
import {
  everMeet,
  type Mark,
  marksOf,
  openings,
  transitions,
} from '../support/availability-oracle.ts'

const thorough = process.env.ENVOYER_THOROUGH === '1'
const tz = process.versions.tz
const day = 24 * 60 * 60_000

/** Half hours, quarter hours, whole days skipped or lived twice, summer time against the Ramadan. */
const odd = [
  ...['Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Chatham', 'Africa/Casablanca'],
  ...['Antarctica/Troll', 'Africa/Cairo', 'America/Scoresbysund', 'Asia/Gaza', 'Europe/Dublin'],
  ...['America/St_Johns', 'Antarctica/Casey', 'UTC', 'Etc/GMT+12', 'Etc/GMT-14'],
]
const zones = [...new Set([...odd, ...Intl.supportedValuesOf('timeZone')])]

/** What clocks did once: days skipped and lived twice, shifts for a week, offsets with seconds. */
const history: readonly [zone: string, date: string][] = [
  ['Pacific/Apia', '2011-12-30'],
  ['Pacific/Fakaofo', '2011-12-30'],
  ['Pacific/Kwajalein', '1993-08-21'],
  ['America/Juneau', '1867-10-19'],
  ['Africa/Monrovia', '1972-01-07'],
  ['Asia/Pyongyang', '2018-05-04'],
  ['America/Caracas', '2016-05-01'],
  ['America/Recife', '2000-10-08'],
  ['Africa/Casablanca', '2024-03-10'],
  ['Europe/London', '1941-05-04'],
]

interface Place {
  readonly zone: string
  readonly pivot: number
}

/** One zone about an instant at which its clock is put; about midnight where it never is. */
function placesOf(zone: string, year: number): Place[] {
  const found = transitions(zone, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1))
  const pivots = found.length > 0 ? found : [Date.UTC(year, 6, 12)]
  return pivots.map((pivot) => ({ zone, pivot }))
}

function pick<Item>(items: readonly Item[], count: number): Item[] {
  return items
    .map((item) => ({ item, by: Math.random() }))
    .toSorted((a, b) => a.by - b.by)
    .slice(0, count)
    .map(({ item }) => item)
}

/** Asks everything at one instant, and holds it against the oracle. */
function compare({ zone }: Place, marks: readonly Mark[], sets: readonly SetPair[], now: number) {
  const availability = createAvailability(sets.map(({ written }) => written))
  const plain = sets.map((set) => set.plain)
  const date = new Date(now)
  const found = openings(zone, marks, plain, now, 2)
  const end = marks.at(-1)!.instant
  const [first] = found

  assert.equal(availability.isOpen(date, zone), first?.from === now, 'isOpen')
  const opening = availability.opening(date, zone)
  const times = availability.nextOpenings(date, zone, 2)
  if (first) {
    const reason = first.from === now ? 'open' : 'window'
    assert.deepEqual(opening, { at: new Date(first.from), reason })
  } else if (opening.reason === 'windows-never-meet') {
    assert.ok(!everMeet(plain), 'the windows do meet')
    assert.equal(opening.at.getTime(), now)
    assert.deepEqual(times, [])
  } else {
    assert.ok(everMeet(plain), 'the windows never meet')
    assert.ok(opening.at === null || opening.at.getTime() > end, 'an opening that is none')
  }
  for (const [i, { from, until }] of found.entries()) {
    assert.equal(times[i]?.from.getTime(), from, `from of opening ${i}`)
    if (until !== undefined) assert.equal(times[i]?.until?.getTime(), until, `end of opening ${i}`)
    else assert.ok((times[i]?.until?.getTime() ?? Number.POSITIVE_INFINITY) > end, 'ends too early')
  }
  if (first?.until)
    assert.equal(availability.closing(date, zone)?.getTime(), first.until, 'closing')
}

/** So many random cases at one place; gives back how many there were. */
function examine(place: Place, runs: number): number {
  const { zone, pivot } = place
  const marks = marksOf(zone, pivot - 2 * day, pivot + 12 * day)
  const where = fc.constant(`${zone} ${new Date(pivot).toISOString()}`)
  fc.assert(
    fc.property(where, arbitrarySets(zone, pivot), arbitraryNow(pivot), (_where, sets, now) =>
      compare(place, marks, sets, now),
    ),
    { numRuns: runs },
  )
  return runs
}

describe(`availability against stepping through instants (time zone data ${tz})`, () => {
  test('random sets of windows, in every zone, about every change of its clock', (t) => {
    const years = thorough ? [2024, 2026, 2027] : [2025 + Math.floor(Math.random() * 4)]
    const chosen = thorough ? zones : [...odd, ...pick(zones.slice(odd.length), 16)]
    const places = chosen.flatMap((zone) => years.flatMap((year) => placesOf(zone, year)))
    const used = thorough ? places : pick(places, 24)
    const cases = used.reduce((sum, place) => sum + examine(place, thorough ? 70 : 100), 0)
    t.diagnostic(`${cases} cases, ${used.length} changes, ${chosen.length} zones, tz ${tz}`)
    if (thorough) assert.ok(cases >= 100_000, `only ${cases}`)
  })

  test('random sets of windows where clocks did what they seldom do', (t) => {
    const cases = history.reduce((sum, [zone, date]) => {
      const midnight = Date.parse(date)
      const [pivot] = transitions(zone, midnight - 2 * day, midnight + 2 * day)
      assert.ok(pivot !== undefined, `${zone} has no change about ${date} in tz ${tz}`)
      return sum + examine({ zone, pivot }, thorough ? 2000 : 60)
    }, 0)
    t.diagnostic(`${cases} cases, ${history.length} changes, tz ${tz}`)
  })

  test('windows that begin and end with a change of the clock, at every change', (t) => {
    const from = thorough ? 1970 : 2026
    const until = thorough ? 2038 : 2027
    let cases = 0
    for (const zone of zones) {
      const pivots = transitions(zone, Date.UTC(from, 0, 1), Date.UTC(until, 0, 1))
      for (const pivot of pivots) cases += examineEdges({ zone, pivot })
    }
    t.diagnostic(`${cases} cases, ${zones.length} zones, ${from} to ${until - 1}, tz ${tz}`)
    assert.ok(cases > 2000)
  })
})

/** Windows cut at what the clock reads before and after it is put, asked about right there. */
function examineEdges(place: Place): number {
  const { zone, pivot } = place
  const marks = marksOf(zone, pivot - day / 8, pivot + day / 8)
  const at = (after: number) => marks.find(({ instant }) => instant >= pivot + after)!.reading
  const edges = [at(-60_000), at(0), at(3_600_000)].map(({ time }) => time.slice(0, 5))
  let cases = 0
  for (const from of edges) {
    for (const to of edges.filter((time) => time !== from)) {
      const window = { days: [at(-60_000).day, at(0).day], from, to }
      const set = { plain: { windows: [window], closed: [] }, written: [window] }
      for (const after of [-3_600_000, -1000, 0]) {
        compare(place, marks, [set], pivot + after)
        cases += 1
      }
    }
  }
  return cases
}
