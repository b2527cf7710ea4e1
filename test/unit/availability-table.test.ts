import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import {
  closing,
  createAvailability,
  isOpen,
  nextOpenings,
  opening,
} from '../../src/availability/index.ts'
import { namedCases } from '../support/availability-cases.ts'
import { caseTable } from '../support/availability-table.ts'

const page = new URL('../../docs/explanation/windows.md', import.meta.url)

describe(`named cases (time zone data ${process.versions.tz})`, () => {
  for (const { name, zone, sets, now, at, reason, until } of namedCases) {
    test(name, () => {
      const question = { now: new Date(now), zone, sets }
      assert.deepEqual(opening(question), { at: at === null ? null : new Date(at), reason })
      assert.deepEqual(closing(question), until === null ? null : new Date(until))
      assert.equal(isOpen(question), reason === 'open')
      const [next] = nextOpenings(question, 1)
      const opens = reason === 'open' || reason === 'window'
      assert.deepEqual(next?.from, opens ? new Date(at!) : undefined)
      const availability = createAvailability(sets)
      assert.deepEqual(availability.opening(question.now, zone), opening(question))
      assert.equal(availability.meets, reason !== 'windows-never-meet')
    })
  }

  test('are the table of the explanation', async () => {
    const text = await readFile(page, 'utf8')
    const table = /<!-- cases -->\n\n([\s\S]*?)\n\n<!-- \/cases -->/.exec(text)?.[1]
    assert.equal(table, caseTable())
  })
})
