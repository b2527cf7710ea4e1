import assert from 'node:assert/strict'
import { test } from 'node:test'
import { revertMigration, runMigrations } from '../../src/database/index.ts'
import { onEveryEngine } from '../support/engines.ts'
import { openBare } from '../support/outbox.ts'

onEveryEngine('the tables', (engine) => {
  test('have the columns of the entities, and the last migration is undone and done again', async () => {
    const { database, outbox, close } = await openBare(engine)
    const schema = outbox.schema.replaceAll('"', '')
    const columns = () =>
      database.execute<{ name: string }>(
        `SELECT table_name || '.' || column_name || ' ' || is_nullable AS name
         FROM information_schema.columns WHERE table_schema = $1 AND table_name <> 'migration'
         ORDER BY 1`,
        [schema],
      )
    const indexes = () =>
      database.execute('SELECT indexdef FROM pg_indexes WHERE schemaname = $1 ORDER BY 1', [schema])
    const before = [await columns(), await indexes()]
    const declared = database.source.entityMetadatas.flatMap(({ tableName, columns }) =>
      columns.map((each) => `${tableName}.${each.databaseName} ${each.isNullable ? 'YES' : 'NO'}`),
    )
    const stored = (before[0] as { name: string }[]).map(({ name }) => name)
    assert.deepEqual(declared.toSorted(), stored.toSorted())
    assert.equal(await revertMigration(database, schema), 'Reach0000000000003')
    assert.equal((await runMigrations(database, schema)).length, 1)
    assert.deepEqual([await columns(), await indexes()], before)
    await close()
  })
})
