import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import type { Database } from '../../src/database/contract.ts'
import { createSettings } from '../../src/setting/settings.ts'
import type { TemplateOverride } from '../../src/template/contract.ts'
import { type Engine, onEveryEngine, postgres, postgresUrl } from '../support/engines.ts'
import { openBare } from '../support/outbox.ts'

const text: TemplateOverride = {
  ...{ event: 'alarm', channel: 'pager', part: 'text', locale: 'en' },
  body: 'new',
}

/** Two processes on one database; what the second one reads of templates can fail. */
async function createScene(engine: Engine) {
  const { database, outbox, close } = await openBare(engine)
  const schema = outbox.schema.replaceAll('"', '')
  const trouble = { reading: false }
  const troubled = {
    ...database,
    execute: async <Row>(sql: string, values?: readonly unknown[]) => {
      if (trouble.reading && /\.template/.test(sql)) throw new Error('The connection was lost')
      return database.execute<Row & Record<string, unknown>>(sql, values)
    },
  }
  let overrides: readonly TemplateOverride[] = []
  const fail = (error: Error) => assert.fail(error)
  const one = createSettings(
    schema,
    async () => database,
    () => {},
    fail,
  )
  const other = createSettings(
    schema,
    async () => troubled as typeof database,
    (given) => {
      overrides = given
    },
    fail,
  )
  return { one, other, schema, trouble, overrides: () => overrides, close }
}

onEveryEngine('settings', (engine) => {
  test('two changes of one channel at once both hold', async () => {
    const { one, other, close } = await createScene(engine)
    await Promise.all([one.set('pager', { on: false }), other.set('pager', { paused: true })])
    await one.refreshNow()
    assert.deepEqual(one.channel('pager'), { on: false, paused: true })
    await close()
  })

  test('texts that could not be read once are read at the next look', async () => {
    const { one, other, trouble, overrides, close } = await createScene(engine)
    await one.setTemplate(text)
    trouble.reading = true
    await assert.rejects(other.refreshNow(), /was lost/)
    trouble.reading = false
    await other.refreshNow()
    assert.deepEqual(overrides(), [text])
    await close()
  })
})

test('a transaction that began long ago does not bring back what held then', async (t) => {
  const { one, other, close } = await createScene(postgres)
  const realNow = performance.now.bind(performance)
  let aheadMs = 0
  t.mock.method(performance, 'now', () => realNow() + aheadMs)
  await other.refreshNow()
  const client = new pg.Client({ connectionString: postgresUrl() })
  await client.connect()
  const old: Database = {
    execute: async <Row>(sql: string, values?: readonly unknown[]) => {
      const { rows } = await client.query(sql, values as unknown[])
      // The database has not seen that so long has passed.
      return rows.map((row) => ({
        ...row,
        ageMs: row.ageMs > 0 ? row.ageMs + aheadMs : 0,
      })) as Row[]
    },
  }
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
  await client.query('SELECT 1')
  await one.set('pager', { on: false })
  await other.refreshNow()
  aheadMs = 4100
  await other.refresh(old)
  assert.equal(other.channel('pager').on, false)
  await client.query('ROLLBACK')
  // One that reads what is now is heeded.
  await one.set('pager', { on: true })
  await other.refresh(old)
  assert.equal(other.channel('pager').on, true)
  await client.end()
  await close()
})
