import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asDatabase } from '../../src/database/index.ts'
import { kinds, openFor, until } from '../support/database.ts'

for (const kind of kinds) {
  describe(`a database (${kind})`, () => {
    it('binds values and gives rows, of changing statements as well', async (t) => {
      const { database, schema } = await openFor(t, kind)
      const hostile = `'; DROP TABLE ${schema}.item; --`
      const inserted = await database.execute(
        `INSERT INTO ${schema}.item SELECT * FROM unnest($1::int[], $2::text[]) RETURNING id, name`,
        [
          [1, 2],
          [hostile, null],
        ],
      )
      assert.deepEqual(inserted, [
        { id: 1, name: hostile },
        { id: 2, name: null },
      ])
      const updated = await database.execute(
        `UPDATE ${schema}.item SET name = 'x' WHERE id = 2 RETURNING id`,
      )
      assert.deepEqual(updated, [{ id: 2 }])
    })

    it('passes on the errors of PostgreSQL as they are, and goes on', async (t) => {
      const { database, schema, items } = await openFor(t, kind)
      await database.execute(`INSERT INTO ${schema}.item VALUES (1)`)
      await assert.rejects(database.execute(`INSERT INTO ${schema}.item VALUES (1)`), {
        code: '23505',
        constraint: 'item_pkey',
      })
      assert.equal(await items(), 1)
    })

    it('takes and gives values of megabytes', async (t) => {
      const { database } = await openFor(t, kind)
      const large = 'ä'.repeat(3_000_000)
      const rows = await database.execute('SELECT $1::text AS large', [large])
      assert.ok(rows[0]?.large === large)
    })

    it('commits a transaction, and undoes one that throws', async (t) => {
      const { database, schema, items } = await openFor(t, kind)
      const insert = `INSERT INTO ${schema}.item VALUES ($1)`
      const result = await database.transaction(async (tx) => {
        await tx.execute(insert, [1])
        await tx.execute(insert, [2])
        return 'done'
      })
      assert.equal(result, 'done')
      const failing = database.transaction(async (tx) => {
        await tx.execute(insert, [3])
        throw new Error('changed my mind')
      })
      await assert.rejects(failing, /changed my mind/)
      assert.equal(await items(), 2)
    })

    it('does not call a transaction committed in which a failed statement was overlooked', async (t) => {
      const { database, schema, items } = await openFor(t, kind)
      const overlooking = database.transaction(async (tx) => {
        await tx.execute(`INSERT INTO ${schema}.item VALUES (1)`)
        await tx.execute('SELECT 1 / 0').catch(() => {})
      })
      await assert.rejects(overlooking, /rolled back/)
      assert.equal(await items(), 0)
    })

    it('refuses a statement that comes after the end of its transaction', async (t) => {
      const { database, schema, items } = await openFor(t, kind)
      const late = await database.transaction(async (tx) => tx)
      await assert.rejects(late.execute(`INSERT INTO ${schema}.item VALUES (1)`), /had ended/)
      assert.equal(await items(), 0)
    })

    it('keeps transactions at the same time apart', async (t) => {
      const { database, schema, items } = await openFor(t, kind)
      const attempts = Array.from({ length: 20 }, (_, n) =>
        database.transaction(async (tx) => {
          await tx.execute(`INSERT INTO ${schema}.item VALUES ($1)`, [n])
          await new Promise((resolve) => setTimeout(resolve, 2))
          if (n % 2) throw new Error('no')
        }),
      )
      await Promise.allSettled(attempts)
      assert.equal(await items(), 10)
    })

    it('hears what is notified, once the transaction has committed', async (t) => {
      const { database } = await openFor(t, kind)
      let heard = 0
      const stop = await database.listen('wake', () => heard++)
      await database.transaction(async (tx) => {
        await tx.execute("SELECT pg_notify('wake', '')")
        await new Promise((resolve) => setTimeout(resolve, 50))
        assert.equal(heard, 0)
      })
      await until(() => heard === 1, 'the notification')
      const undone = database.transaction(async (tx) => {
        await tx.execute("SELECT pg_notify('wake', '')")
        throw new Error('no')
      })
      await assert.rejects(undone)
      await stop()
      await database.execute("SELECT pg_notify('wake', '')")
      await new Promise((resolve) => setTimeout(resolve, 100))
      assert.equal(heard, 1)
    })

    it('still hears after one of its statements failed', async (t) => {
      const { database } = await openFor(t, kind)
      let heard = 0
      await database.listen('wake', () => heard++)
      await assert.rejects(database.execute('SELECT nonsense'))
      await assert.rejects(database.source.query('SELECT nonsense'))
      await database.execute("SELECT pg_notify('wake', '')")
      await until(() => heard === 1, 'the notification')
    })

    it('takes a listener that throws for a mishap of its own', async (t) => {
      const { database, warnings } = await openFor(t, kind)
      let heard = 0
      await database.listen('wake', () => {
        throw new Error('not today')
      })
      await database.listen('wake', () => heard++)
      await database.execute("SELECT pg_notify('wake', '')")
      await until(() => heard === 1 && /not today/.test(String(warnings)), 'both')
    })

    it('is used by TypeORM beside', async (t) => {
      const { database, schema, items } = await openFor(t, kind)
      await database.source.transaction(async (manager) => {
        await asDatabase(manager).execute(`INSERT INTO ${schema}.item VALUES (1)`)
      })
      assert.equal(await items(), 1)
    })

    it('closes once, however often it is asked, and says so afterwards', async (t) => {
      const { database } = await openFor(t, kind)
      await Promise.all([database.close(), database.close()])
      await database.close()
      await assert.rejects(database.execute('SELECT 1'), { code: 'closed' })
      await assert.rejects(
        database.transaction(async () => {}),
        { code: 'closed' },
      )
    })
  })
}
