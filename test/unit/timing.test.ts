import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createAvailability, type WindowSet } from '../../src/availability/index.ts'
import {
  type AfterDeadline,
  spreadEnd,
  timingOf,
  type Wish,
} from '../../src/availability/timing.ts'
import { sayInstant } from '../../src/availability/words.ts'
import { createId } from '../../src/outbox/id.ts'

const nine: WindowSet = [{ from: '09:00', to: '17:00' }]
const table = (sets: readonly WindowSet[], spreadMs = 0) => ({
  availability: createAvailability(sets),
  owners: [],
  spreadMs,
})
const wish = (more: Partial<Wish> & { notBefore: Date }): Wish => ({
  ...{ id: createId(), zone: 'Europe/Berlin', immediate: false },
  ...{ deadline: null, afterDeadline: 'fail' as const },
  ...more,
})
const at = (text: string) => new Date(text)
/** Friday 03:00 in Berlin. */
const night = at('2026-06-05T01:00:00Z')
const opens = at('2026-06-05T07:00:00Z')

describe('when a delivery goes', () => {
  test('a deadline is compared with the spread instant', () => {
    const spread = 3_600_000
    const late = { id: '00000000-0000-7000-8000-ffffffffffff', notBefore: night }
    const early = { id: '00000000-0000-7000-8000-000000000000', notBefore: night }
    const deadline = at('2026-06-05T07:30:00Z')
    const of = (which: { id: string; notBefore: Date }) =>
      timingOf(table([nine], spread), wish({ ...which, deadline }))
    assert.deepEqual(of(early), { at: opens, reason: 'window' })
    assert.deepEqual(of(late), { at: null, reason: 'window-after-deadline' })
  })

  test('what has no windows is not held back, and says nothing of passing them by', () => {
    const given = wish({ notBefore: night, immediate: true })
    assert.deepEqual(timingOf(table([[], []]), given), { at: night, reason: 'open' })
    assert.deepEqual(timingOf(table([nine]), given), { at: night, reason: 'immediate' })
  })

  test('a deadline holds for what passes the windows by, too', () => {
    const given = { notBefore: night, immediate: true, deadline: new Date(Number(night) - 1) }
    assert.deepEqual(timingOf(table([nine]), wish(given)), { at: null, reason: 'deadline-passed' })
  })

  test('always: in the windows or as asked, not before the wish, not after the deadline', () => {
    const minute = fc.integer({ min: 0, max: 1439 })
    const time = (at: number) =>
      `${String(Math.floor(at / 60)).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}`
    const window = fc
      .tuple(minute, minute)
      .filter(([from, to]) => from !== to)
      .map(([from, to]) => ({ from: time(from), to: time(to) }))
    const zone = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC')
    const instant = fc
      .integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-01-01') })
      .map((ms) => new Date(ms))
    const input = fc.record({
      windows: fc.array(window, { maxLength: 3 }),
      spreadMs: fc.constantFrom(0, 1, 60_000, 6 * 3_600_000),
      zone,
      notBefore: instant,
      deadlineIn: fc.option(fc.integer({ min: -1000, max: 172_800_000 }), { nil: undefined }),
      afterDeadline: fc.constantFrom<AfterDeadline>('fail', 'send', 'cancel', 'fallback'),
      immediate: fc.boolean(),
      id: fc.uuid({ version: 7 }),
    })
    const seen: Record<string, number> = {}
    fc.assert(
      fc.property(input, ({ windows, spreadMs, deadlineIn, ...rest }) => {
        const deadline =
          deadlineIn === undefined ? null : new Date(Number(rest.notBefore) + deadlineIn)
        const timetable = table([windows], spreadMs)
        const given = { ...rest, deadline }
        const timing = timingOf(timetable, given)
        seen[timing.reason] = (seen[timing.reason] ?? 0) + 1
        assert.deepEqual(timingOf(timetable, given), timing, 'the same each time')
        if (timing.at === null) {
          assert.ok(deadline !== null && given.afterDeadline !== 'send')
          return
        }
        assert.ok(timing.at >= given.notBefore)
        const late =
          timing.reason === 'window-after-deadline' || timing.reason === 'deadline-passed'
        if (late) {
          assert.deepEqual(timing.at, given.notBefore)
          assert.equal(given.afterDeadline, 'send')
          return
        }
        assert.ok(deadline === null || timing.at <= deadline)
        if (timing.reason === 'open' || timing.reason === 'window') {
          assert.ok(timetable.availability.isOpen(timing.at, given.zone))
        }
        if (timing.reason === 'window') {
          const opening = timetable.availability.opening(given.notBefore, given.zone).at!
          assert.ok(timing.at >= opening)
          if (spreadMs === 0) assert.deepEqual(timing.at, opening)
          else assert.ok(timing.at < spreadEnd(timetable, opening, given.zone))
        } else assert.deepEqual(timing.at, given.notBefore)
      }),
      { numRuns: 3000 },
    )
    for (const reason of [
      'open',
      'immediate',
      'window',
      'window-after-deadline',
      'deadline-passed',
    ]) {
      assert.ok(seen[reason]! > 30, `${reason}: ${seen[reason]}`)
    }
  })

  test('a spread is even', () => {
    const timetable = table([nine], 3_600_000)
    const sixths = [0, 0, 0, 0, 0, 0]
    for (let n = 0; n < 6000; n += 1) {
      const { at } = timingOf(timetable, wish({ notBefore: night }))
      sixths[Math.floor((Number(at) - Number(opens)) / 600_000)]! += 1
    }
    // A thousand each, with a standard deviation of 29.
    for (const count of sixths) assert.ok(Math.abs(count - 1000) < 180, String(sixths))
  })
})

describe('an instant in words', () => {
  const cases: [string, string, string][] = [
    ['2026-03-30T07:00:00Z', 'Europe/Berlin', 'Mon 30 Mar 2026 09:00 Europe/Berlin'],
    ['2026-03-30T07:00:05Z', 'Europe/Berlin', 'Mon 30 Mar 2026 09:00:05 Europe/Berlin'],
    ['2026-10-25T00:30:00Z', 'Europe/Berlin', 'Sun 25 Oct 2026 02:30 Europe/Berlin (UTC+02:00)'],
    ['2026-10-25T01:30:00Z', 'Europe/Berlin', 'Sun 25 Oct 2026 02:30 Europe/Berlin (UTC+01:00)'],
    ['2026-09-01T12:00:00Z', 'UTC', 'Tue 1 Sep 2026 12:00 UTC'],
  ]
  for (const [instant, zone, words] of cases) {
    test(words, () => assert.equal(sayInstant(at(instant), zone), words))
  }
})
