import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { retry } from '../../src/outbox/again.ts'
import {
  backendBucket,
  channelBucket,
  holdBack,
  laneBucket,
  returnTokens,
  setRate,
} from '../../src/outbox/bucket.ts'
import { lanesAtOnce } from '../../src/outbox/claim.ts'
import { claimAlone } from '../../src/outbox/claim-alone.ts'
import { stateOf } from '../../src/outbox/find.ts'
import { adoptLost, giveBack, renew } from '../../src/outbox/hold.ts'
import type { Position } from '../../src/outbox/position.ts'
import { putOff } from '../../src/outbox/put-off.ts'
import { ripen } from '../../src/outbox/ripen.ts'
import { cancel, settle } from '../../src/outbox/settle.ts'
import { onEveryEngine, postgres } from '../support/engines.ts'
import { asFailed, asRetry, asSent, type Bare, openBare } from '../support/outbox.ts'

const everything = { mark: 0, channels: ['pager'], events: ['alarm'], leaseMs: 30_000 }

onEveryEngine('the outbox', (engine) => {
  let bare: Bare
  before(async () => {
    bare = await openBare(engine)
  })
  beforeEach(() =>
    bare.database.execute(
      `TRUNCATE ${bare.outbox.schema}.notification, ${bare.outbox.schema}.delivery, ${bare.outbox.schema}.bucket CASCADE`,
    ),
  )
  after(() => bare.close())

  test('a claim takes what is due, once', async () => {
    await bare.write(3)
    const first = await bare.claim({ limit: 2 })
    const second = await bare.claim({ limit: 2 })
    const ids = [...first.claimed, ...second.claimed].map(({ id }) => id)
    assert.equal(new Set(ids).size, 3)
    assert.deepEqual((await bare.claim()).claimed, [])
    assert.ok(
      first.claimed.every(({ attempts, context }) => attempts === 1 && context.what === 'a'),
    )
  })

  test('what is scheduled is claimed when it is due, however late that is looked at', async () => {
    await bare.write(1, { sendAt: new Date(Date.now() + 3_600_000) })
    assert.deepEqual((await bare.claim()).claimed, [])
    const early = await ripen(bare.outbox, bare.database, ['pager'])
    assert.deepEqual(early.due, [])
    assert.ok(early.nextInMs! > 3_500_000 && early.nextInMs! <= 3_600_000)
    bare.advance(100 * 86_400_000)
    assert.deepEqual((await ripen(bare.outbox, bare.database, ['pager'])).due, ['pager'])
    assert.equal((await bare.claim()).claimed.length, 1)
    bare.advance(-100 * 86_400_000)
  })

  test('urgent ones overtake a backlog, and have places kept for them', async () => {
    await bare.write(50, { to: 'slow' })
    await bare.write(2, { urgent: true, to: 'quick' })
    const { claimed } = await bare.claim({ limit: 3, ordinaryLimit: 0 })
    assert.deepEqual(
      claimed.map(({ urgent }) => urgent),
      [true, true],
    )
    await bare.write(1, { urgent: true, to: 'quick' })
    const mixed = await bare.claim({ limit: 3, ordinaryLimit: 3 })
    assert.deepEqual(
      mixed.claimed.map(({ urgent }) => urgent),
      [true, false, false],
    )
  })

  test('lanes share: a big notification does not hold up a small one', async () => {
    await bare.write(500, { to: 'big' })
    await bare.write(1, { to: 'small' })
    const { claimed } = await bare.claim({ limit: 10 })
    assert.ok(claimed.some(({ context }) => context.what === 'small'))
    assert.ok(claimed.length >= 6)
  })

  test('with more lanes than one claim looks at, each has its turn', async () => {
    const lanes = lanesAtOnce + 6
    for (let n = 0; n < lanes; n += 1) await bare.write(3, { to: `lane${n}-` })
    const seen = new Set<string>()
    let place: Position | null = null
    for (let round = 0; round < 6; round += 1) {
      const { claimed, next } = await bare.claim({ limit: lanesAtOnce, after: place })
      for (const { lane } of claimed) seen.add(lane)
      place = next
      if (round === 1) assert.equal(seen.size, lanes)
    }
    assert.equal((await bare.rows()).filter(({ status }) => status === 'pending').length, 0)
  })

  test('urgent lanes that nobody here can claim do not hide the ones after them', async () => {
    for (let n = 0; n < lanesAtOnce; n += 1) await bare.write(1, { event: 'removed', urgent: true })
    await bare.write(1, { urgent: true })
    const first = await bare.claim()
    assert.deepEqual(first.claimed, [])
    const next = await bare.claim({ afterUrgent: first.nextUrgent })
    assert.equal(next.claimed.length, 1)
  })

  test('a worker leaves events that it does not know to others', async () => {
    await bare.write(2, { event: 'tomorrow' })
    await bare.write(1)
    const { claimed } = await bare.claim()
    assert.deepEqual(
      claimed.map(({ event }) => event),
      ['alarm'],
    )
    assert.equal((await bare.claim({ events: ['tomorrow'] })).claimed.length, 2)
  })

  test('a stale holder can neither fail nor retry what was claimed again, but may say it was sent', async () => {
    const id = await bare.write(2)
    const { claimed: stale } = await bare.claim()
    bare.advance(31_000)
    const lost = await adoptLost(bare.outbox, bare.database, everything)
    assert.equal(lost.length, 2)
    await settle(
      bare.outbox,
      bare.database,
      stale.map((each) => asRetry(each, 0)),
    )
    const { claimed: fresh } = await bare.claim()
    assert.deepEqual(
      fresh.map(({ attempts }) => attempts),
      [2, 2],
    )
    const refused = await settle(bare.outbox, bare.database, [
      asFailed(stale[0]!),
      asRetry(stale[1]!, 5),
    ])
    assert.equal(refused.ids.size, 0)
    assert.equal((await settle(bare.outbox, bare.database, [asSent(stale[0]!)])).ids.size, 1)
    const late = await settle(bare.outbox, bare.database, fresh.map(asSent))
    assert.deepEqual([late.ids.size, late.completed], [1, [id]])
    assert.deepEqual(await stateOf(bare.outbox, bare.database, id), {
      completed: true,
      sealed: true,
      counts: { sent: 2 },
    })
    bare.advance(-31_000)
  })

  test('a lease is kept by renewing it and lost by not doing so', async () => {
    await bare.write(1)
    const { claimed } = await bare.claim({ leaseMs: 1000 })
    bare.advance(900)
    assert.equal((await renew(bare.outbox, bare.database, claimed, 1000)).renewed.size, 1)
    bare.advance(900)
    assert.equal((await adoptLost(bare.outbox, bare.database, everything)).length, 0)
    bare.advance(200)
    assert.equal((await adoptLost(bare.outbox, bare.database, everything)).length, 1)
    await settle(bare.outbox, bare.database, [asRetry(claimed[0]!, 0, 'worker-lost')])
    const late = await renew(bare.outbox, bare.database, claimed, 1000)
    assert.deepEqual([late.renewed.size, late.busy.size], [0, 0])
    bare.advance(-2000)
  })

  test('what lost its worker is claimed alone, never in a chunk', async () => {
    await bare.write(3)
    const { claimed } = await bare.claim()
    await settle(
      bare.outbox,
      bare.database,
      claimed.map((each) => asRetry(each, 0, 'worker-lost')),
    )
    assert.deepEqual((await bare.claim()).claimed, [])
    assert.deepEqual((await ripen(bare.outbox, bare.database, ['pager'])).alone, ['pager'])
    const alone = await claimAlone(bare.outbox, bare.database, {
      channel: 'pager',
      buckets: [],
      ...everything,
    })
    assert.equal(alone?.attempts, 2)
    assert.equal((await bare.rows()).filter(({ status }) => status === 'sending').length, 1)
  })

  test('what is given back was never tried', async () => {
    await bare.write(1)
    const { claimed } = await bare.claim()
    await giveBack(bare.outbox, bare.database, claimed)
    assert.deepEqual(
      (await bare.rows()).map(({ status, attempts }) => [status, attempts]),
      [['pending', 0]],
    )
    assert.equal((await bare.claim()).claimed.length, 1)
  })

  test('what was given back late leaves nobody a hold on the claim after it', async () => {
    await bare.write(1)
    const stalled = await bare.claim({ leaseMs: 1000 })
    bare.advance(1100)
    const [lost] = await adoptLost(bare.outbox, bare.database, everything)
    // The stalled worker wakes up and stops; another one claims; then the adopter writes.
    await giveBack(bare.outbox, bare.database, stalled.claimed)
    const { claimed } = await bare.claim()
    assert.equal(claimed[0]?.attempts, lost?.attempts)
    await settle(bare.outbox, bare.database, [
      { ...asRetry(stalled.claimed[0]!, 0, 'worker-lost'), claims: lost!.claims },
    ])
    assert.deepEqual(
      (await bare.rows()).map(({ status }) => status),
      ['sending'],
    )
    assert.equal((await settle(bare.outbox, bare.database, claimed.map(asSent))).ids.size, 1)
    bare.advance(-1100)
  })

  test('what is sent alone keeps to pauses, and uses the rate up', async () => {
    await bare.write(2, { to: 'solo' })
    const { claimed } = await bare.claim()
    const lost = claimed.map((each) => asRetry(each, 0, 'worker-lost'))
    await settle(bare.outbox, bare.database, lost)
    await setRate(bare.outbox, bare.database, 'channel:solo', { perSecond: 0.001, burst: 1 })
    const one = () =>
      claimAlone(bare.outbox, bare.database, {
        channel: 'pager',
        buckets: ['channel:solo'],
        ...everything,
      })
    await holdBack(bare.outbox, bare.database, laneBucket(claimed[0]!.lane), 60_000)
    assert.equal(await one(), undefined)
    bare.advance(61_000)
    assert.ok(await one())
    await bare.write(1, { to: 'after' })
    assert.equal((await bare.claim({ buckets: ['channel:solo'] })).claimed.length, 0)
    bare.advance(-61_000)
  })

  test('what is sent alone beyond the rate is owed, once, and paid back by the time that passes', async () => {
    const { outbox, database } = bare
    const buckets = ['channel:owed']
    await bare.write(3)
    const lost = (await bare.claim()).claimed.map((each) => asRetry(each, 0, 'worker-lost'))
    await settle(outbox, database, lost)
    await setRate(outbox, database, 'channel:owed', { perSecond: 1, burst: 1 })
    const alone = () => claimAlone(outbox, database, { channel: 'pager', buckets, ...everything })
    const granted = async () => (await bare.claim({ buckets })).claimed.length
    await bare.write(9)
    // Full, however long it has been so: three are two more than there is.
    bare.advance(60_000)
    for (let n = 0; n < 3; n += 1) assert.ok(await alone())
    assert.equal(await granted(), 0)
    bare.advance(2500)
    assert.equal(await granted(), 0)
    bare.advance(1000)
    assert.equal(await granted(), 1)
    bare.advance(-63_500)
  })

  test('a retry that comes while the context is being erased finds that it is', async () => {
    const id = await bare.write(2)
    const { outbox, database } = bare
    await database.execute(`UPDATE ${outbox.schema}.notification SET secret = 'sealed'`)
    const [a, b] = (await bare.claim()).claimed
    await settle(outbox, database, [asFailed(a!)])
    let retried: Promise<string[]> | undefined
    await database.transaction(async (tx) => {
      await settle(outbox, tx, [asSent(b!)])
      if (engine.name === 'embedded') return
      retried = retry(outbox, database, [a!.id])
      await new Promise((resolve) => setTimeout(resolve, 100))
    })
    retried ??= retry(outbox, database, [a!.id])
    assert.deepEqual(await retried, [])
    assert.equal((await stateOf(outbox, database, id))?.completed, true)
  })

  test('what cannot be written as JSON does not keep a try from being settled', async () => {
    await bare.write(2)
    const [a, b] = (await bare.claim()).claimed
    const odd = { count: 5n } as never
    const failed = { ...asFailed(b!), code: 'x\u0000', request: odd }
    const { ids } = await settle(bare.outbox, bare.database, [
      { ...asSent(a!), receipt: odd },
      failed,
    ])
    assert.equal(ids.size, 2)
  })

  test('lanes take turns, however many there are and however few are claimed at once', async () => {
    for (let lane = 0; lane < 30; lane += 1) await bare.write(20, { to: `lane-${lane}-` })
    for (const limit of [1, 7, 50]) {
      const served = new Set<string>()
      let place: Position | null = null
      for (let claims = 0; claims < Math.ceil(30 / limit) + 1; claims += 1) {
        const { claimed, next } = await bare.claim({ limit, after: place })
        for (const { lane } of claimed) served.add(lane)
        place = next
      }
      assert.equal(served.size, 30, `${served.size} of 30 lanes by claims of ${limit}`)
    }
  })

  test('a round that begins within a lane does not look at what is before, and the next one does', async () => {
    const sendAt = new Date(Date.now() - 3_600_000)
    await bare.write(2, { sendAt })
    const [early, late] = await bare.rows()
    const { outbox, database } = bare
    await database.execute(
      `UPDATE ${outbox.schema}.delivery SET send_at = send_at - interval '1 hour' WHERE id = $1`,
      [early!.id],
    )
    const [lane] = await database.execute<{ lane: string }>(
      `SELECT lane FROM ${outbox.schema}.delivery WHERE id = $1`,
      [late!.id],
    )
    const position = { ...lane!, event: 'alarm', sendAt: new Date(+sendAt - 1).toISOString() }
    const within = await bare.claim({ after: position })
    assert.deepEqual(
      within.claimed.map(({ id }) => id),
      [late!.id],
    )
    assert.deepEqual(within.before, position)
    const whole = await bare.claim()
    assert.deepEqual(
      whole.claimed.map(({ id }) => id),
      [early!.id],
    )
  })

  test('of one claim, what was to go first comes first', async () => {
    const hours = [3, 1, 2]
    for (const hour of hours) {
      const sendAt = new Date(Date.now() - hour * 3_600_000)
      await bare.write(2, { to: `h${hour}-`, sendAt })
    }
    const { claimed } = await bare.claim()
    assert.deepEqual(
      claimed.map(({ address }) => String(address).slice(0, 2)),
      ['h3', 'h3', 'h2', 'h2', 'h1', 'h1'],
    )
  })

  test('what is put off is no try: its token, its count and its first due time are as before', async () => {
    const { outbox, database } = bare
    await setRate(outbox, database, 'channel:pager', { perSecond: 0.001, burst: 2 })
    await bare.write(2)
    const buckets = ['channel:pager']
    const [one, other] = (await bare.claim({ buckets })).claimed
    const sendAt = new Date(Date.now() + 3_600_000)
    const off = (claimed: typeof one) => ({
      ...{ id: claimed!.id, attempts: 1, claims: claimed!.claims },
      ...{
        notificationId: claimed!.notificationId,
        reason: 'window' as const,
        sendAt,
        notBefore: sendAt,
      },
      outcome: 'put-off' as const,
    })
    assert.deepEqual(await putOff(outbox, database, [off(one)]), new Set([one!.id]))
    const [row] = await database.execute<Record<string, unknown>>(
      `SELECT status, attempts, turn, reason, send_at, due_at FROM ${outbox.schema}.delivery
       WHERE id = $1`,
      [one!.id],
    )
    assert.deepEqual(row, {
      ...{ status: 'pending', attempts: 0, turn: null, reason: 'window' },
      ...{ send_at: sendAt, due_at: sendAt },
    })
    // One of the two tokens is there again.
    await returnTokens(outbox, database, 'pager', 1)
    await bare.write(2, { to: 'b' })
    assert.equal((await bare.claim({ buckets })).claimed.length, 1)
    // A stale holder puts nothing off, and one that has been tried keeps when it first became due.
    await settle(outbox, database, [asRetry(other!, 0)])
    assert.equal((await putOff(outbox, database, [off(other)])).size, 0)
    bare.advance(60_000)
    await setRate(outbox, database, 'channel:pager', undefined)
    const again = (await bare.claim()).claimed.find(({ id }) => id === other!.id)
    await putOff(outbox, database, [off(again)])
    const [tried] = await database.execute<{ due: boolean; attempts: number }>(
      `SELECT due_at < now() AS due, attempts FROM ${outbox.schema}.delivery WHERE id = $1`,
      [other!.id],
    )
    assert.deepEqual(tried, { due: true, attempts: 1 })
  })

  test('a rate grants its tokens and no more, to all claims together', async () => {
    await setRate(bare.outbox, bare.database, 'channel:pager', { perSecond: 10, burst: 5 })
    await bare.write(40)
    const claims = await Promise.all(
      Array.from({ length: 4 }, () => bare.claim({ limit: 5, buckets: ['channel:pager'] })),
    )
    const granted = claims.flatMap(({ claimed }) => claimed).length
    // The bucket goes on filling while the claims wait for each other.
    assert.ok(granted >= 5 && granted <= 8, `${granted} granted`)
    bare.advance(400)
    const later = await bare.claim({ buckets: ['channel:pager'] })
    assert.ok(
      later.claimed.length >= 3 && later.claimed.length <= 5,
      `${later.claimed.length} later`,
    )
    assert.ok(later.limited)
    bare.advance(-400)
  })

  test('a pause holds back a backend or a lane until it is over', async () => {
    const id = await bare.write(1, { to: 'held' })
    await bare.write(1, { to: 'free' })
    await holdBack(bare.outbox, bare.database, `lane:${id}`, 5000)
    assert.deepEqual(
      (await bare.claim()).claimed.map(({ context }) => context.what),
      ['free'],
    )
    await holdBack(bare.outbox, bare.database, 'backend:pager/recorder', 2000)
    bare.advance(5001)
    await holdBack(bare.outbox, bare.database, 'backend:pager/recorder', 1000)
    const buckets = ['backend:pager/recorder']
    assert.deepEqual((await bare.claim({ buckets })).claimed, [])
    bare.advance(1001)
    assert.equal((await bare.claim({ buckets })).claimed.length, 1)
    bare.advance(-6002)
  })

  test('cancelling ends what waits and completes its notification', async () => {
    const id = await bare.write(2)
    const { claimed } = await bare.claim({ limit: 1 })
    const all = (await bare.rows()).map((row) => row.id)
    const cancelled = await cancel(bare.outbox, bare.database, all)
    assert.equal(cancelled.ids.size, 1)
    assert.ok(!cancelled.ids.has(claimed[0]!.id))
    const done = await settle(bare.outbox, bare.database, claimed.map(asSent))
    assert.deepEqual(done.completed, [id])
  })

  test('every failed try leaves a row', async () => {
    await bare.write(1)
    const [first] = (await bare.claim()).claimed
    await settle(bare.outbox, bare.database, [
      { ...asRetry(first!, 0), text: 'nul \u0000 inside', request: { a: '\u0000' } },
    ])
    const [second] = (await bare.claim()).claimed
    await settle(bare.outbox, bare.database, [asFailed(second!)])
    const rows = await bare.database.execute(
      `SELECT number, code FROM ${bare.outbox.schema}.attempt ORDER BY number`,
    )
    assert.deepEqual(rows, [
      { number: 1, code: 'busy' },
      { number: 2, code: 'refused' },
    ])
  })
})

describe('on PostgreSQL, what is run again and again', () => {
  let bare: Bare
  before(async () => {
    bare = await openBare(postgres)
  })
  after(() => bare.close())

  test('is planned a few times, and then by plans that are kept', async () => {
    const { outbox, database } = bare
    const buckets = [channelBucket('pager'), backendBucket('pager', 'recorder')]
    // With many in flight: to count them is what must not stand in the plan.
    await bare.write(10_000)
    await bare.claim({ limit: 5000 })
    await database.execute(`ANALYZE ${outbox.schema}.delivery`)
    for (let n = 0; n < 12; n += 1) {
      await bare.write(2)
      const { claimed } = await bare.claim({ limit: 2, buckets })
      await settle(outbox, database, claimed.map(asSent))
    }
    const often = await database.execute<{ statement: string; plans: string; kept: string }>(
      `SELECT statement, custom_plans AS plans, generic_plans AS kept FROM pg_prepared_statements
       WHERE custom_plans + generic_plans >= 12`,
    )
    assert.ok(often.length >= 3, `${often.length} statements were run so often`)
    const planned = often.filter(({ kept }) => Number(kept) === 0)
    assert.deepEqual(planned, [])
  })
})

describe('two workers on PostgreSQL', () => {
  let bare: Bare
  before(async () => {
    bare = await openBare(postgres)
  })
  after(() => bare.close())

  test('settling the last two deliveries at once completes the notification once', async () => {
    for (let round = 0; round < 50; round += 1) {
      const id = await bare.write(2)
      const { claimed } = await bare.claim()
      const ends = await Promise.all(
        claimed.map((each) => settle(bare.outbox, bare.database, [asSent(each)])),
      )
      assert.deepEqual(
        ends.flatMap(({ completed }) => completed),
        [id],
      )
    }
  })

  test('settling many notifications in opposite orders never locks up', async () => {
    for (let round = 0; round < 20; round += 1) {
      for (let n = 0; n < 8; n += 1) await bare.write(2)
      const { claimed } = await bare.claim()
      const half = (odd: number) => claimed.filter((_, n) => n % 2 === odd)
      const ends = await Promise.all([
        settle(bare.outbox, bare.database, half(0).map(asSent)),
        settle(bare.outbox, bare.database, half(1).reverse().map(asSent)),
      ])
      assert.equal(ends.flatMap(({ completed }) => completed).length, 8)
    }
  })

  test('a lease is prolonged without waiting for what is being written', async () => {
    await bare.write(2)
    const { claimed } = await bare.claim()
    const [first, second] = claimed.map(({ id }) => id) as [string, string]
    const { outbox, database } = bare
    const renewal = await database.transaction(async (tx) => {
      await tx.execute(`SELECT FROM ${outbox.schema}.delivery WHERE id = $1 FOR UPDATE`, [first])
      // Of another session; it would wait for the end of this one.
      return renew(outbox, database, claimed, 1000)
    })
    assert.deepEqual(renewal, { renewed: new Set([second]), busy: new Set([first]) })
    await settle(outbox, database, claimed.map(asSent))
  })

  test('claims at once take different deliveries', async () => {
    await bare.write(1000)
    const claims = await Promise.all(Array.from({ length: 8 }, () => bare.claim({ limit: 100 })))
    const ids = claims.flatMap(({ claimed }) => claimed.map(({ id }) => id))
    assert.equal(new Set(ids).size, ids.length)
    assert.ok(ids.length >= 100)
  })
})
