/**
 * Openings a second on one core, for two sets of windows, beside what one would write by hand with
 * luxon and with native Intl (`plain-opening.ts`). All of them must give the same answers.
 *
 *   node --import ./build/typescript/register.js test/bench/availability.ts
 */
import { deepStrictEqual } from 'node:assert'
import { createAvailability, opening, type WindowSet } from '../../src/availability/index.ts'
import { type BenchRow, interleave, isMain, perSecond, print } from './measure.ts'
import { intlOpening, luxonOpening, type PlainSets } from './plain-opening.ts'

const rounds = 9

const channel: WindowSet = [{ from: '08:00', to: '21:00' }]
const event: WindowSet = [{ days: 'mon-fri', from: '09:00', to: '18:00' }]
const sets = [channel, event]
const plain: PlainSets = [
  [{ days: [1, 2, 3, 4, 5, 6, 7], from: 8 * 60, to: 21 * 60 }],
  [{ days: [1, 2, 3, 4, 5], from: 9 * 60, to: 18 * 60 }],
]

const berlin = ['Europe/Berlin']
const everywhere = Intl.supportedValuesOf('timeZone')

type Ask = (now: Date, zone: string) => Date | null

const availability = createAvailability(sets)
const ours: Ask = (now, zone) => availability.opening(now, zone).at
const oursByFunction: Ask = (now, zone) => opening({ now, zone, sets }).at
const luxon: Ask = (now, zone) => luxonOpening(now, zone, plain)
const intl: Ask = (now, zone) => intlOpening(now, zone, plain)

/** All over the year, in no order: none is helped by what it has just been asked. */
const year = Date.UTC(2026, 0, 1)
const instants = Array.from({ length: 10_007 }, (_, n) => {
  const part = (n * 0.618_033_988_749_895) % 1
  return new Date(year + Math.floor(part * 365 * 86_400) * 1000)
})

function agree(zones: readonly string[], others: readonly Ask[]): void {
  for (const [n, now] of instants.entries()) {
    const zone = zones[n % zones.length]!
    const expected = ours(now, zone)
    for (const other of others) deepStrictEqual(other(now, zone), expected, `${zone} ${now}`)
  }
}

const rate = (zones: readonly string[], count: number, ask: Ask) => async () =>
  perSecond(count, async () => {
    for (let n = 0; n < count; n += 1) {
      ask(instants[n % instants.length]!, zones[n % zones.length]!)
    }
  })

const fast = 300_000
const slow = 20_000

/** Before all others, since a zone has one first question: every other zone is ours. */
async function firstQuestions(): Promise<BenchRow> {
  for (const ask of [ours, luxon]) await rate(berlin, slow, ask)()
  const others = everywhere.filter((zone) => !berlin.includes(zone))
  const [mine, theirs] = [0, 1].map((rest) => others.filter((_, n) => n % 2 === rest))
  return {
    name: 'openings, first question about a zone (floor: plain luxon)',
    ours: await rate(mine!, mine!.length, ours)(),
    floor: await rate(theirs!, theirs!.length, luxon)(),
  }
}

export async function benchAvailability(): Promise<BenchRow[]> {
  const first = await firstQuestions()
  agree(berlin, [oursByFunction, luxon, intl])
  agree(everywhere, [oursByFunction, luxon, intl])
  const beside = (name: string, zones: readonly string[], ask: Ask, floor: Ask) =>
    interleave(`openings, ${name}`, rounds, rate(zones, fast, ask), rate(zones, slow, floor))
  return [
    await beside('one zone (floor: plain luxon)', berlin, ours, luxon),
    await beside('one zone (floor: plain native Intl)', berlin, ours, intl),
    await beside('sets given each time (floor: plain luxon)', berlin, oursByFunction, luxon),
    await beside(`${everywhere.length} zones (floor: plain luxon)`, everywhere, ours, luxon),
    first,
  ]
}

if (isMain(import.meta.url)) print(await benchAvailability())
