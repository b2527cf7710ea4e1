import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderer } from './template-folder.ts'

const { text } = renderer()
const at = new Date('2026-03-05T23:30:00Z')
const berlin = { locale: 'de', tz: 'Europe/Berlin' }
const york = { locale: 'en-US', tz: 'America/New_York' }
/** Intl separates with a narrow space in some versions and a plain one in others. */
const shown = (body: string, context: object, envoyer: object) =>
  text(body, context, envoyer).replace(/[\u00a0\u202f]/g, ' ')

test("dates are in the recipient's language and zone", () => {
  assert.equal(shown('{{ at | date }}', { at }, berlin), '06.03.2026')
  assert.equal(shown("{{ at | date: 'long' }}", { at }, berlin), '6. März 2026')
  assert.equal(shown("{{ at | date: 'full' }}", { at }, york), 'Thursday, March 5, 2026')
  assert.equal(shown('{{ at | time }}', { at }, berlin), '00:30')
  assert.equal(shown('{{ at | time }}', { at }, york), '6:30 PM')
  assert.equal(shown('{{ at | datetime }}', { at }, york), 'Mar 5, 2026, 6:30 PM')
})

test('language and zone can be named instead', () => {
  const template = "{{ at | date: 'long', tz: 'Asia/Tokyo', locale: 'fr' }}"
  assert.equal(shown(template, { at }, york), '6 mars 2026')
  assert.equal(shown("{{ at | date: '%H:%M', 'Asia/Tokyo' }}", { at }, york), '08:30')
})

test("patterns are in the recipient's language and zone too", () => {
  const pattern = '%A, %-d. %B %Y, %H:%M %z %:z %j %V %u %y %I%p %l %e %b %% %s'
  assert.equal(
    shown(`{{ at | date: '${pattern}' }}`, { at }, berlin),
    `Freitag, 6. März 2026, 00:30 +0100 +01:00 065 10 5 26 12AM 12  6 März % ${at.getTime() / 1000}`,
  )
  assert.equal(shown("{{ at | date: '%d %B' }}", { at }, { ...berlin, locale: 'ru' }), '06 марта')
  assert.equal(shown("{{ at | date: '%B %Y' }}", { at }, { ...berlin, locale: 'ru' }), 'март 2026')
  assert.equal(
    shown("{{ at | date: '%F %T %D %^a %10Y' }}", { at }, york),
    ['2026-03-05 18:30:00 03/05/26 THU 0000002026'][0],
  )
  assert.equal(shown('{{ at | date_to_xmlschema }}', { at }, berlin), '2026-03-06T00:30:00+01:00')
  assert.equal(
    shown('{{ at | date_to_rfc822 }}', { at }, berlin),
    'Fri, 06 Mar 2026 00:30:00 +0100',
  )
})

test('patterns are right around the changes of time, wherever the server is', () => {
  const around = [
    '2026-03-29T00:59:00Z',
    '2026-03-29T01:00:00Z',
    '2026-10-25T00:59:00Z',
    '2026-10-25T01:00:00Z',
  ]
  const zone = process.env.TZ
  for (const server of ['UTC', 'Europe/Berlin', 'America/New_York']) {
    process.env.TZ = server
    const seen = around.map((v) => text("{{ v | date: '%H:%M %z' }}", { v }, berlin))
    assert.deepEqual(seen, ['01:59 +0100', '03:00 +0200', '02:59 +0200', '02:00 +0100'], server)
  }
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
})

test('week numbers follow ISO 8601 at the turn of the year', () => {
  const week = (v: string) => text("{{ v | date: '%G-W%V' }}", { v })
  assert.deepEqual(['2024-12-30', '2027-01-01', '2026-01-01'].map(week), [
    '2025-W01',
    '2026-W53',
    '2026-W01',
  ])
})

test('a date is a Date, ISO 8601 or milliseconds', () => {
  const day = (v: unknown) => text("{{ v | date: '%F %H:%M' }}", { v }, berlin)
  assert.equal(day('2026-03-05T23:30:00Z'), '2026-03-06 00:30')
  assert.equal(day('2026-03-05 23:30:00+00:00'), '2026-03-06 00:30')
  assert.equal(day(at.getTime()), '2026-03-06 00:30')
  assert.equal(day(String(at.getTime())), '2026-03-06 00:30')
  assert.equal(day('now'), '2026-11-20 13:00')
  assert.equal(day(null), '')
})

test('a date written without a zone is the same in every zone', () => {
  const day = (v: string, tz: string) => text("{{ v | date: '%F %H:%M' }}", { v }, { tz })
  for (const tz of ['America/Los_Angeles', 'Asia/Tokyo']) {
    assert.equal(day('2026-03-05', tz), '2026-03-05 00:00')
    assert.equal(day('2026-03-05T08:15', tz), '2026-03-05 08:15')
  }
})

test('numbers, percentages and money are written as the language writes them', () => {
  assert.equal(shown('{{ n | number }}', { n: 1234567.891 }, berlin), '1.234.567,891')
  assert.equal(shown('{{ n | number: 2 }}', { n: 1234.5 }, york), '1,234.50')
  assert.equal(shown('{{ n | percent }}', { n: 0.256 }, berlin), '26 %')
  assert.equal(shown('{{ n | percent: 1 }}', { n: 0.256 }, york), '25.6%')
  assert.equal(shown("{{ n | money: 'EUR' }}", { n: 1234.5 }, berlin), '1.234,50 €')
  assert.equal(shown("{{ n | money: 'JPY' }}", { n: 1234.5 }, york), '¥1,235')
  assert.equal(
    shown('{{ n | money: c }}', { n: '9007199254740993.12', c: 'usd' }, york),
    '$9,007,199,254,740,993.12',
  )
  assert.equal(shown("{{ n | money: 'EUR', locale: 'fr' }}", { n: 5 }, berlin), '5,00 €')
  assert.equal(shown('[{{ n | number }}]', {}, york), '[]')
})

test('plural picks the form of the language', () => {
  const items = "{{ n | plural: one: 'файл', few: 'файла', other: 'файлов' }}"
  const seen = [1, 2, 5, 21].map((n) => text(items, { n }, { locale: 'ru' }))
  assert.deepEqual(seen, ['файл', 'файла', 'файлов', 'файл'])
})

test('a value that is none of these fails with the place, and without the value', () => {
  const failing: [string, unknown, RegExp][] = [
    ['{{ v | date }}', 'order 1', /not a date/],
    ['{{ v | date }}', '2026-13-45', /not a date/],
    ['{{ v | date }}', '2026-02-30', /not a date/],
    ['{{ v | datetime }}', '2026-04-31T08:00:00+02:00', /not a date/],
    ['{{ v | date }}', { secret: 1 }, /not a date/],
    ['{{ v | date }}', new Date('x'), /not a date/],
    ["{{ v | date: 'medum' }}", at, /short, medium, long, full/],
    ["{{ v | date: 'long', tz: 'Mars/Base' }}", at, /time zone is not known/],
    ['{{ v | number }}', 's3cret', /not a number/],
    ['{{ v | money }}', 5, /currency of three letters/],
    ["{{ v | money: '€' }}", 5, /currency of three letters/],
    ['{{ v | number: 99 }}', 5, /from 0 to 20/],
    ["{{ v | plural: one: 'x' }}", 5, /other/],
  ]
  for (const [body, v, expected] of failing) {
    assert.throws(
      () => text(`\n${body}`, { v }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'template-invalid')
        assert.match(error.message, expected)
        assert.match(error.message, /order\/page\.text\.liquid \(override\):2: /)
        assert.doesNotMatch(error.message, /s3cret|order 1|secret/)
        return true
      },
      body,
    )
  }
})

test('filters of the application get plain values, and named arguments as one object', () => {
  const seen: unknown[][] = []
  const own = renderer({
    filters: {
      note: (...args) => {
        seen.push(args)
        return '<ok>'
      },
      later: async () => 'x',
      broken: (value) => {
        throw new TypeError(`cannot use ${value}`)
      },
    },
  })
  assert.equal(
    own.text("{{ v | note: 1, list, size: 2, to: 'x' }}", { v: 'a', list: ['b', 1] }),
    '<ok>',
  )
  assert.deepEqual(seen.at(-1), ['a', 1, ['b', 1], { size: 2, to: 'x' }])
  assert.equal(own.html('{% capture c %}<b>{% endcapture %}{{ c | note }}'), '&lt;ok&gt;')
  assert.deepEqual(seen.at(-1), ['<b>'])
  assert.throws(() => own.text('{{ 1 | later }}'), /filters are synchronous/)
  assert.throws(
    () => own.text('{{ v | broken }}', { v: 's3cret' }),
    (error: Error) =>
      /TypeError: \{\{ v \| broken \}\}/.test(error.message) && !error.message.includes('s3cret'),
  )
})

test('a filter that does not exist is a mistake, not an empty value', () => {
  assert.throws(() => text('{{ v | upcas }}', { v: 1 }), /undefined filter: upcas/)
})
