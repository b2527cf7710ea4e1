import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import type { OwnDatabase } from '../../src/database/contract.ts'
import { onEveryEngine, postgres } from '../support/engines.ts'
import { type Bare, openBare } from '../support/outbox.ts'
import { alter } from '../support/outbox-model/altered.ts'
import { asTheModel, inAnyOrder } from '../support/outbox-model/property.ts'

const thorough = process.env.ENVOYER_THOROUGH === '1'

const rounds = (numRuns: number) => ({
  numRuns: thorough ? 50 * numRuns : numRuns,
  // What was found has to be told before the test's own time is over.
  interruptAfterTimeLimit: (thorough ? 60 : 2) * 60_000,
  // Long sequences from the first run on.
  unbiased: true,
})

onEveryEngine('the outbox, whatever is done to it', (engine) => {
  let bare: Bare
  before(async () => {
    bare = await openBare(engine)
  })
  after(() => bare.close())

  test('does with every delivery what a simple model of it does, and ends them all', async () => {
    await fc.assert(asTheModel(bare), rounds(engine.name === 'embedded' ? 5 : 15))
  })
})

describe('the outbox on PostgreSQL, whatever is done to it at the same time', () => {
  let bare: Bare
  before(async () => {
    bare = await openBare(postgres)
  })
  after(() => bare.close())

  test('sends nothing twice, counts right, keeps to rates, and ends every delivery', async () => {
    await fc.assert(inAnyOrder(bare), rounds(15))
  })
})

/** A test is worth what it can notice: the outbox's statements, each spoilt in one place. */
describe('these tests notice', () => {
  let bare: Bare
  before(async () => {
    bare = await openBare(postgres)
  })
  after(() => bare.close())

  const notices = async <Given>(
    property: (bare: Bare, database: OwnDatabase) => fc.IAsyncProperty<Given>,
    from: string,
    to: string,
    sign: RegExp,
  ) => {
    const { database, count } = alter(bare.database, from, to)
    const ran = await fc.check(property(bare, database), {
      ...{ numRuns: 200, endOnFailure: true, unbiased: true, interruptAfterTimeLimit: 120_000 },
    })
    assert.ok(count() > 0, `No statement has "${from}" any more.`)
    assert.ok(ran.failed, `Nobody noticed, in ${ran.numRuns} runs.`)
    assert.match(String(ran.errorInstance), sign, 'It failed for another reason.')
  }

  test('where what takes the place of a failed delivery is not counted as open', () =>
    notices(
      asTheModel,
      'UNION ALL SELECT notification_id, -1 FROM fallen',
      '',
      /open|complete|notification/,
    ))

  test('where two workers may claim the same', () =>
    notices(inAnyOrder, 'FOR UPDATE SKIP LOCKED) row', ') row', /twice|tries|constraint/))

  test('where a claim that was forgotten, and another worker made again, is both of theirs', () =>
    notices(inAnyOrder, '$10::int * 2048', '0 * $10::int', /too, as it believes/))

  test('where a round that begins within a lane leaves out the rest of it', () =>
    notices(asTheModel, 'THEN $13::timestamptz', `THEN timestamptz 'infinity'`, /claimed/))

  test('where a round is told to begin behind what it has found', () =>
    notices(
      asTheModel,
      "date_part('epoch', send_at) * 1000 AS send_ms",
      "date_part('epoch', now()) * 1000 AS send_ms",
      /found first|claimed before/,
    ))

  test('where a rate is filled again for the same time', () =>
    notices(
      asTheModel,
      'refilled_at = greatest(b.refilled_at,',
      'refilled_at = least(b.refilled_at,',
      /tokens|went out within|where to go on/,
    ))
})
