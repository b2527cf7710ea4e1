import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { openFor } from '../support/database.ts'

const twice = 'SELECT $1::int * 2 AS result'

/** One connection, so that each statement meets what the one before has left on it. */
async function open(t: TestContext) {
  const { database, schema, warnings } = await openFor(t, 'postgres', { poolSize: 1 })
  const run = async (sql: string, ...values: unknown[]) =>
    (await database.execute<{ result: number }>(sql, values))[0]!.result
  const prepared = async () => {
    const rows = await database.execute<{ name: string }>(
      `SELECT name FROM pg_prepared_statements WHERE statement LIKE '%AS result%'`,
    )
    return rows.map(({ name }) => name)
  }
  return { database, schema, warnings, run, prepared }
}

describe('statements that are kept prepared', () => {
  it('are prepared once', async (t) => {
    const { run, prepared, warnings } = await open(t)
    assert.equal(await run(twice, 1), 2)
    assert.equal(await run(twice, 2), 4)
    assert.equal((await prepared()).length, 1)
    assert.deepEqual(warnings, [])
  })

  it('run plainly where a pooler has given another session, which is told once', async (t) => {
    const { database, run, prepared, warnings } = await open(t)
    assert.equal(await run(twice, 1), 2)
    await database.execute('DEALLOCATE ALL')
    assert.equal(await run(twice, 2), 4)
    assert.equal(await run(twice, 3), 6)
    assert.deepEqual(await prepared(), [])
    assert.match(warnings.map(({ message }) => message).join(), /^The connection pooler [^,]*/)
    assert.equal(warnings.length, 1)
  })

  it('run plainly where the session has one of the name', async (t) => {
    const first = await open(t)
    await first.run(twice, 1)
    const [name] = await first.prepared()
    const other = await open(t)
    await other.database.execute(`PREPARE "${name}" (int) AS ${twice.replace('2', '3')}`)
    assert.equal(await other.run(twice, 5), 10)
    assert.equal(other.warnings.length, 1)
  })

  it('are prepared anew where a migration has changed what they give', async (t) => {
    const { database, schema, run, prepared, warnings } = await open(t)
    const item = `SELECT *, id AS result FROM ${schema}.item WHERE id = $1`
    await database.execute(`INSERT INTO ${schema}.item VALUES (7, 'seven')`)
    assert.equal(await run(item, 7), 7)
    const before = await prepared()
    await database.execute(`ALTER TABLE ${schema}.item ADD COLUMN colour text`)
    assert.equal(await run(item, 7), 7)
    assert.equal(await run(item, 7), 7)
    assert.equal((await prepared()).length, before.length + 1)
    assert.deepEqual(warnings, [])
  })

  it('are not prepared within a transaction, whose session is soon another’s', async (t) => {
    const { database, prepared } = await open(t)
    await database.transaction((tx) => tx.execute(twice, [1]))
    assert.deepEqual(await prepared(), [])
  })
})
