import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MigrationInterface, QueryRunner } from 'typeorm'
import {
  checkMigrations,
  openDatabase,
  revertMigration,
  runMigrations,
} from '../../src/database/index.ts'
import { Base1, kinds, openFor } from '../support/database.ts'
import { freshSchema, postgresUrl } from '../support/engines.ts'

/** A later version's migration, that does nothing. */
function later(number: number): new () => MigrationInterface {
  return class {
    readonly name = `Later000000000000${number}`
    async up(runner: QueryRunner): Promise<void> {
      await runner.query('SELECT 1')
    }
    async down(): Promise<void> {}
  }
}
const [two, three] = [later(2), later(3)]

for (const kind of kinds) {
  describe(`migrations (${kind})`, () => {
    it('make the schema and its tables, and are undone again', async (t) => {
      const { database, schema } = await openFor(t, kind, { migrations: [Base1, two] })
      const tables = async () => {
        const rows = await database.execute<{ name: string }>(
          'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1',
          [schema],
        )
        return rows.map(({ name }) => name)
      }
      assert.equal((await runMigrations(database, schema)).length, 2)
      assert.deepEqual(await tables(), ['item', 'migration', 'setting'])
      assert.deepEqual(await runMigrations(database, schema), [])
      assert.equal(await revertMigration(database, schema), 'Later0000000000002')
      assert.equal(await revertMigration(database, schema), 'Base0000000000001')
      assert.equal(await revertMigration(database, schema), undefined)
      assert.deepEqual(await tables(), ['migration'])
    })

    it('leave nothing of themselves where one fails', async (t) => {
      class Broken {
        readonly name = 'Broken0000000000002'
        async up(runner: QueryRunner) {
          await runner.query('SELECT nonsense')
        }
        async down() {}
      }
      const { database, schema } = await openFor(t, kind, { migrations: [Base1, Broken] })
      await assert.rejects(runMigrations(database, schema), /nonsense/)
      const [row] = await database.execute('SELECT to_regnamespace($1) AS found', [schema])
      assert.equal(row?.found, null)
    })

    it('are missed with the remedy, and may be one ahead but no more', async (t) => {
      const migrations = [Base1, two, three]
      const { database, schema } = await openFor(t, kind, { migrations })
      await assert.rejects(checkMigrations(database, schema), { code: 'schema-old' })
      await runMigrations(database, schema)
      await checkMigrations(database, schema)
      const known = database.source.migrations
      known.splice(2)
      await checkMigrations(database, schema)
      known.splice(1)
      await assert.rejects(checkMigrations(database, schema), { code: 'schema-new' })
    })
  })
}

describe('migrations of several processes at once (postgres)', () => {
  it('all succeed, and run once', async (t) => {
    const schema = freshSchema()
    const options = { url: postgresUrl(), directory: 'memory', schema, entities: [] }
    const all = await Promise.all(
      Array.from({ length: 5 }, () => openDatabase({ ...options, migrations: [Base1, two] })),
    )
    t.after(async () => {
      await all[0]?.execute(`DROP SCHEMA ${schema} CASCADE`)
      await Promise.all(all.map((database) => database.close()))
    })
    const ran = await Promise.all(all.map((database) => runMigrations(database, schema)))
    assert.deepEqual(ran.map(({ length }) => length).sort(), [0, 0, 0, 0, 2])
  })
})
