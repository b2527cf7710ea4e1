import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  checkWindows,
  closing,
  createAvailability,
  isOpen,
  isZone,
  nextOpenings,
  opening,
  type Question,
  type WindowSet,
} from '../../src/availability/index.ts'
import { EnvoyerError } from '../../src/errors.ts'

const now = new Date('2026-06-05T10:00:00Z')
const zone = 'Europe/Berlin'

const invalid = (pattern: RegExp) => (error: unknown) =>
  error instanceof EnvoyerError && error.code === 'option-invalid' && pattern.test(error.message)

describe('windows that came from elsewhere', () => {
  const wrong: readonly [what: string, value: unknown, ...problems: RegExp[]][] = [
    [
      'no list',
      'mon-fri',
      /^w: must be a list of windows, or \{ windows, except \}, not 'mon-fri'$/,
    ],
    ['nothing', null, /^w: .*not null$/],
    [
      'one window, not in a list',
      { from: '09:00', to: '18:00' },
      /`from`/,
      /`to`/,
      /^w\.windows: /,
    ],
    ['no window', [7], /^w\[0\]: must be \{ days\?, from, to \}, not 7$/],
    [
      'a day misspelt',
      [{ days: 'mon-fry', from: '09:00', to: '18:00' }],
      /^w\[0\]\.days: 'mon-fry'/,
    ],
    ['a day in full', [{ days: ['monday'], from: '09:00', to: '18:00' }], /'monday' is no day/],
    ['a range of three', [{ days: 'mon-tue-fri', from: '09:00', to: '18:00' }], /'mon-tue-fri'/],
    ['no days', [{ days: [], from: '09:00', to: '18:00' }], /names no day/],
    ['empty days', [{ days: '', from: '09:00', to: '18:00' }], /'' is no day/],
    ['days as a number', [{ days: 1, from: '09:00', to: '18:00' }], /must be days .* not 1$/],
    ['one digit', [{ from: '9:00', to: '18:00' }], /^w\[0\]\.from: .*'09:00', not '9:00'$/],
    ['seconds', [{ from: '09:00:00', to: '18:00' }], /not '09:00:00'$/],
    ['a line feed', [{ from: '09:00\n', to: '18:00' }], /^w\[0\]\.from/],
    ['no end', [{ from: '09:00' }], /^w\[0\]\.to: .* not undefined$/],
    ['beyond the day', [{ from: '09:00', to: '24:01' }], /^w\[0\]\.to: .*'24:01'/],
    ['from 24:00', [{ from: '24:00', to: '06:00' }], /^w\[0\]\.from: '24:00' can only be/],
    ['no length', [{ from: '09:00', to: '09:00' }], /^w\[0\]: from and to are both '09:00'/],
    ['an unknown key', [{ day: 'mon', from: '09:00', to: '18:00' }], /^w\[0\]: has no key `day`/],
    ['no such date', { windows: [], except: ['2026-02-30'] }, /^w\.except\[0\]: .*'2026-02-30'$/],
    ['a date with a time', { windows: [], except: ['2026-02-03T00:00'] }, /^w\.except\[0\]/],
    ['a Date', { windows: [], except: [new Date()] }, /^w\.except\[0\]/],
    ['half a range', { windows: [], except: [{ from: '2026-01-01' }] }, /not undefined$/],
    [
      'a range backwards',
      { windows: [], except: [{ from: '2026-02-02', to: '2026-02-01' }] },
      /before/,
    ],
    ['dates not in a list', { windows: [], except: '2026-01-01' }, /^w\.except: must be a list/],
    ['except alone', { except: ['2026-01-01'] }, /^w\.windows: must be a list/],
    [
      'much at once',
      { windows: [{ days: 'x', from: '9', to: '9' }], except: ['y'], zone: 'z' },
      ...[/`zone`/, /days: 'x'/, /from: .*'9'/, /to: .*'9'/, /except\[0\]: .*'y'/],
    ],
  ]
  for (const [what, value, ...expected] of wrong) {
    test(`are refused: ${what}`, () => {
      const problems = checkWindows(value, 'w')
      assert.equal(problems.length, expected.length, problems.join('\n'))
      for (const [i, pattern] of expected.entries()) assert.match(problems[i]!, pattern)
      assert.throws(
        () => createAvailability([value as WindowSet], ['w']),
        (error) => {
          assert.ok(error instanceof EnvoyerError)
          assert.deepEqual(error.problems, problems)
          return error.code === 'option-invalid'
        },
      )
    })
  }

  test('are checked without ever throwing, and can be used where nothing is wrong', () => {
    const text = fc.oneof(fc.constantFrom('mon', '09:00', '24:00', '2026-01-01'), fc.string())
    const part = fc.oneof(text, fc.anything())
    const window = fc.record({ days: part, from: part, to: part }, { requiredKeys: [] })
    const list = fc.array(fc.oneof(window, fc.anything()))
    const set = fc.record({ windows: list, except: fc.array(part) }, { requiredKeys: [] })
    fc.assert(
      fc.property(fc.oneof(list, set, fc.anything()), (value) => {
        if (checkWindows(value).length > 0) return
        opening({ now, zone, sets: [value as WindowSet] })
      }),
    )
  })

  test('may spell days in many ways', () => {
    const same = (days: string, others: unknown[]) => {
      const openings = [days, ...others].map((spelled) => {
        const windows = [{ days: spelled as string, from: '09:00', to: '10:00' }]
        return nextOpenings({ now, zone, sets: [windows] }, 20)
      })
      for (const each of openings) assert.deepEqual(each, openings[0])
    }
    same('fri-mon', ['fri,sat,sun,mon', ['mon', 'fri', 'sat', 'sun'], 'Fri - Mon', 'sat-mon,FRI'])
    same('mon-sun', ['sat-fri', 'mon-fri,sat,sun', undefined])
    same('wed', ['wed-wed', ['wed'], 'wed,wed', ' WED '])
  })
})

describe('what is asked', () => {
  const sets: readonly WindowSet[] = [[{ from: '09:00', to: '18:00' }]]

  test('must be about a zone that the runtime knows', () => {
    for (const name of ['Europe/Berlim', '', 'local', '+02:00', 'UTC+2', undefined, 7, null]) {
      assert.equal(isZone(name), false)
      const ask = () => opening({ now, zone: name as string, sets })
      assert.throws(ask, invalid(/zone: the runtime knows no time zone/), String(name))
    }
    for (const name of ['Europe/Berlin', 'europe/berlin', 'UTC', 'Etc/GMT+5']) {
      assert.equal(isZone(name), true)
      assert.equal(isOpen({ now, zone: name, sets: [[{ from: '00:00', to: '24:00' }]] }), true)
    }
  })

  test('must be about a valid instant', () => {
    for (const wrong of [new Date(Number.NaN), undefined, '2026-01-01', 0]) {
      assert.throws(() => opening({ now: wrong as Date, zone, sets }), invalid(/now: must be/))
    }
  })

  test('must be about a list of sets', () => {
    for (const wrong of [undefined, {}, 'x']) {
      const ask = () => opening({ now, zone, sets: wrong as unknown as WindowSet[] })
      assert.throws(ask, invalid(/sets: must be a list/))
    }
  })

  test('must be nothing else', () => {
    const asks = [opening, isOpen, closing, (question: Question) => nextOpenings(question, 1)]
    for (const ask of asks) {
      // As a caller would write it who thinks of one owner's windows.
      const more = { now, zone, sets, windows: [{ from: '22:00', to: '23:00' }] }
      assert.throws(() => ask(more), invalid(/has no key `windows`; known are now, zone, sets/))
      assert.throws(() => ask({ now, tz: zone, sets } as never), invalid(/has no key `tz`/))
      for (const wrong of [undefined, null, 'now', [now, zone, sets]]) {
        assert.throws(() => ask(wrong as never), invalid(/must be \{ now, zone, sets \}/))
      }
    }
  })

  test('must be about a whole number of openings', () => {
    for (const wrong of ['x', '5', undefined, null, -1, 1.5, Number.NaN, Infinity]) {
      const count = wrong as number
      const told = invalid(/count: must be a whole number, 0 or more, not /)
      assert.throws(() => nextOpenings({ now, zone, sets }, count), told, String(wrong))
      assert.throws(() => createAvailability(sets).nextOpenings(now, zone, count), told)
    }
    assert.deepEqual(nextOpenings({ now, zone, sets }, 0), [])
  })

  test('is answered at the ends of time', () => {
    const ends = [-8.64e15, 8.64e15, 8.64e15 - 1].map((instant) => new Date(instant))
    for (const end of ends) {
      assert.deepEqual(opening({ now: end, zone, sets: [] }), { at: end, reason: 'open' })
      const seldom = createAvailability([[{ days: 'mon', from: '03:00', to: '03:01' }]])
      assert.ok(seldom.opening(end, zone).reason !== 'windows-never-meet')
    }
  })

  test('is looked for over two years, and no further', () => {
    const closedUntil = (to: string) => [{ windows: [], except: [{ from: '2026-01-01', to }] }]
    const start = new Date('2026-01-01T00:00:00Z')
    const just = opening({ now: start, zone: 'UTC', sets: closedUntil('2027-12-31') })
    assert.deepEqual(just, { at: new Date('2028-01-01T00:00:00Z'), reason: 'window' })
    const none = opening({ now: start, zone: 'UTC', sets: closedUntil('2028-01-01') })
    assert.deepEqual(none, { at: null, reason: 'no-opening' })
    const epoch = new Date('1968-01-01T00:00:00Z')
    const except = [{ from: '1960-01-01', to: '1990-01-01' }]
    const past = opening({ now: epoch, zone: 'UTC', sets: [{ windows: [], except }] })
    assert.equal(past.reason, 'no-opening')
  })

  test('is answered by what a list holds now, not by what it held', () => {
    const window = { from: '09:00', to: '18:00' }
    const list = [[window]]
    assert.equal(isOpen({ now, zone, sets: list }), true)
    window.to = '10:00'
    assert.equal(isOpen({ now, zone, sets: list }), false)
  })

  test('knows whether anything is ever held back', () => {
    const whole = [
      { from: '00:00', to: '12:00' },
      { from: '12:00', to: '24:00' },
    ]
    assert.equal(createAvailability([]).always, true)
    assert.equal(createAvailability([[], { windows: [] }, whole]).always, true)
    assert.equal(createAvailability(sets).always, false)
    assert.equal(createAvailability([{ windows: [], except: ['2026-12-25'] }]).always, false)
  })
})
