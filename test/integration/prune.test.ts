import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { retry } from '../../src/outbox/again.ts'
import { countOld, prune } from '../../src/outbox/prune.ts'
import { type Ending, settle } from '../../src/outbox/settle.ts'
import { onEveryEngine } from '../support/engines.ts'
import { asFailed, asRetry, asSent, type Bare, type Grip, openBare } from '../support/outbox.ts'

const terms = { days: 30, keepKeysDays: 30 }

onEveryEngine('pruning', (engine) => {
  let bare: Bare
  before(async () => {
    bare = await openBare(engine)
  })
  beforeEach(() =>
    bare.database.execute(
      `TRUNCATE ${bare.outbox.schema}.notification, ${bare.outbox.schema}.delivery CASCADE`,
    ),
  )
  after(() => bare.close())

  /** Writes a notification and settles all of it; it was completed so many days ago. */
  async function completed(
    days: number,
    count = 1,
    end: (claimed: Grip) => Ending = asSent,
  ): Promise<string> {
    const id = await bare.write(count)
    for (let left = count; left > 0; ) {
      const { claimed } = await bare.claim({ limit: 500 })
      left -= claimed.length
      await settle(bare.outbox, bare.database, claimed.map(end))
    }
    await age(id, days)
    return id
  }
  const age = (id: string, days: number) =>
    bare.database.execute(
      `UPDATE ${bare.outbox.schema}.notification
       SET completed_at = now() - $2::float8 * interval '1 day',
         id = (lpad(to_hex((extract(epoch FROM now() - $2::float8 * interval '1 day') * 1000)::bigint), 12, '0')
           || substr(replace(id::text, '-', ''), 13))::uuid
       WHERE id = $1`,
      [id, days],
    )
  /** Deliveries go with what `age` made of their notification's id. */
  const follow = () =>
    bare.database.execute(
      `UPDATE ${bare.outbox.schema}.delivery d SET notification_id = n.id
       FROM ${bare.outbox.schema}.notification n WHERE substr(n.id::text, 15) = substr(d.notification_id::text, 15)`,
    )
  const count = async (table: string) => {
    const [row] = await bare.database.execute<{ n: number }>(
      `SELECT count(*)::int AS n FROM ${bare.outbox.schema}.${table}`,
    )
    return row!.n
  }
  const setKey = (key: string, event = 'alarm') =>
    bare.database.execute(
      `UPDATE ${bare.outbox.schema}.notification SET key = $1 WHERE event = $2`,
      [key, event],
    )

  test('removes what is old and settled, with its tries, and nothing else', async () => {
    await completed(31)
    await completed(40, 3, asFailed)
    await completed(29)
    await bare.write(1, { sendAt: new Date(Date.now() + 86_400_000) })
    await follow()
    assert.equal(await count('attempt'), 3)
    const would = await countOld(bare.outbox, bare.database, terms)
    assert.deepEqual(would, { notifications: 2, deliveries: 4 })
    assert.equal(await count('notification'), 4)
    const done = await prune(bare.outbox, bare.database, terms)
    assert.deepEqual(done, would)
    assert.deepEqual(
      [await count('notification'), await count('delivery'), await count('attempt')],
      [2, 2, 0],
    )
    assert.deepEqual(await prune(bare.outbox, bare.database, terms), {
      notifications: 0,
      deliveries: 0,
    })
  })

  test('never removes what waits, however old', async () => {
    const id = await bare.write(1)
    const { claimed } = await bare.claim()
    await settle(bare.outbox, bare.database, [asRetry(claimed[0]!, 3_600_000)])
    await bare.database.execute(
      `UPDATE ${bare.outbox.schema}.notification SET created_at = now() - interval '1 year' WHERE id = $1`,
      [id],
    )
    bare.advance(100 * 86_400_000)
    const done = await prune(bare.outbox, bare.database, terms)
    bare.advance(-100 * 86_400_000)
    assert.deepEqual(done, { notifications: 0, deliveries: 0 })
  })

  test('keeps keys for as long as they are wanted', async () => {
    await completed(50)
    await setKey('order:1')
    await follow()
    const longer = { days: 30, keepKeysDays: 60 }
    assert.equal((await prune(bare.outbox, bare.database, longer)).notifications, 0)
    assert.equal((await prune(bare.outbox, bare.database, terms)).notifications, 1)
  })

  test('keeps what followed a notification that is still kept', async () => {
    await completed(50)
    await follow()
    const first = await bare.write(1, { event: 'other' })
    await setKey(`completed:${first}`)
    assert.equal((await prune(bare.outbox, bare.database, terms)).notifications, 0)
    await setKey('completed:no-id')
    assert.equal((await prune(bare.outbox, bare.database, terms)).notifications, 1)
  })

  test('goes in chunks, stops when told, and several at once are harmless', async () => {
    await completed(40, 1100)
    await completed(35, 1)
    await follow()
    const stop = new AbortController()
    const seen: number[] = []
    const part = await prune(bare.outbox, bare.database, terms, {
      signal: stop.signal,
      onChunk: ({ deliveries }) => {
        seen.push(deliveries)
        stop.abort()
      },
    })
    assert.deepEqual([seen, part], [[1000], { notifications: 0, deliveries: 1000 }])
    assert.equal(await count('notification'), 2)
    const both = await Promise.all([1, 2].map(() => prune(bare.outbox, bare.database, terms)))
    const sum = (key: 'notifications' | 'deliveries') => both[0]![key] + both[1]![key]
    assert.deepEqual([sum('notifications'), sum('deliveries')], [2, 101])
    assert.deepEqual([await count('notification'), await count('delivery')], [0, 0])
  })

  test('a retry that comes first keeps its notification', async () => {
    await completed(40, 1, asFailed)
    await follow()
    const [row] = await bare.rows()
    assert.equal((await retry(bare.outbox, bare.database, [row!.id])).length, 1)
    assert.equal((await prune(bare.outbox, bare.database, terms)).notifications, 0)
    assert.equal(await count('delivery'), 1)
  })
})
