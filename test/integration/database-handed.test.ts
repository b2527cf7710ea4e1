import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import pg from 'pg'
import { asDatabase, sameDatabase } from '../../src/database/index.ts'
import { poolOf } from '../../src/database/pooled.ts'
import { kinds, openFor } from '../support/database.ts'
import { postgresUrl } from '../support/engines.ts'

for (const kind of kinds) {
  describe(`a caller's transaction (${kind})`, () => {
    it('is joined through an EntityManager', async (t) => {
      const { database, schema, items } = await openFor(t, kind)
      const failing = database.source.transaction(async (manager) => {
        const tx = asDatabase(manager)
        assert.deepEqual(
          await tx.execute(`INSERT INTO ${schema}.item VALUES ($1) RETURNING id`, [1]),
          [{ id: 1 }],
        )
        // TypeORM's plain result of an UPDATE is a pair.
        assert.deepEqual(await tx.execute(`UPDATE ${schema}.item SET name = 'x' RETURNING name`), [
          { name: 'x' },
        ])
        throw new Error('undo')
      })
      await assert.rejects(failing, /undo/)
      assert.equal(await items(), 0)
    })

    it('is joined through a client of pg', async (t) => {
      const { database, schema, items } = await openFor(t, kind)
      const client = await poolOf(database.source).connect()
      await client.query('BEGIN')
      await asDatabase(client).execute(`INSERT INTO ${schema}.item VALUES (1)`)
      await client.query('ROLLBACK')
      client.release()
      assert.equal(await items(), 0)
    })

    it('is refused where there is none', async (t) => {
      const { database } = await openFor(t, kind)
      const client = await poolOf(database.source).connect()
      const runner = database.source.createQueryRunner()
      const refused = [
        client,
        poolOf(database.source),
        database.source,
        database.source.manager,
        runner,
        runner.manager,
        null,
        'url',
        {},
      ]
      for (const handle of refused) {
        assert.throws(() => asDatabase(handle), { code: 'option-invalid' }, String(handle))
      }
      client.release()
    })
  })
}

describe('a transaction of another database', () => {
  it('is told from one of ours, without a statement that fails', async (t) => {
    const ours = await openFor(t, 'postgres')
    const other = await openFor(t, 'postgres')
    await other.database.execute(`DROP SCHEMA ${other.schema} CASCADE`)
    const client = new pg.Client(postgresUrl())
    await client.connect()
    t.after(() => client.end())
    await client.query('BEGIN')
    const theirs = asDatabase(client)
    assert.equal(await sameDatabase(other.database, theirs, other.schema), false)
    assert.equal(await sameDatabase(ours.database, theirs, ours.schema), true)
    // Known now: nothing is asked.
    await client.query('SELECT nonsense').catch(() => {})
    assert.equal(await sameDatabase(ours.database, theirs, ours.schema), true)
  })

  it('is found out where both have the tables', async (t) => {
    const schema = 'envoyer'
    const embedded = await openFor(t, 'embedded', { schema })
    const second = await openFor(t, 'embedded', { schema })
    await second.database.source.transaction(async (manager) => {
      assert.equal(await sameDatabase(embedded.database, asDatabase(manager), schema), false)
      assert.equal(await sameDatabase(second.database, asDatabase(manager), schema), true)
    })
  })
})
