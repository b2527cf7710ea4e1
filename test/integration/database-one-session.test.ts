import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { asDatabase } from '../../src/database/index.ts'
import { type Opened, openFor } from '../support/database.ts'

const open = { code: 'transaction-open' }

describe('the one session of the embedded database', () => {
  it('refuses at once what would wait for its own transaction', async (t) => {
    const { database } = await openFor(t, 'embedded')
    await database.transaction(async () => {
      await assert.rejects(database.execute('SELECT 1'), open)
      await assert.rejects(
        database.transaction(async () => {}),
        open,
      )
      await assert.rejects(database.source.query('SELECT 1'), open)
      await sleep(1)
      await assert.rejects(database.execute('SELECT 1'), open)
    })
    await database.execute('SELECT 1')
  })

  it("refuses it within TypeORM's transactions, nested ones too", async (t) => {
    const { database } = await openFor(t, 'embedded')
    await database.source.transaction(async (manager) => {
      await assert.rejects(database.execute('SELECT 1'), open)
      await assert.rejects(database.source.query('SELECT 1'), open)
      await assert.rejects(
        database.source.transaction(async () => {}),
        open,
      )
      await manager.transaction(async (nested) => {
        await assert.rejects(database.execute('SELECT 1'), open)
        await asDatabase(nested).execute('SELECT 1')
      })
      // The inner one is done, the outer one is not.
      await assert.rejects(database.execute('SELECT 1'), open)
      await asDatabase(manager).execute('SELECT 1')
    })
    await database.execute('SELECT 1')
  })

  it('refuses it after startTransaction of a query runner, until it ends', async (t) => {
    const { database } = await openFor(t, 'embedded')
    const runner = database.source.createQueryRunner()
    for (const end of ['commitTransaction', 'rollbackTransaction'] as const) {
      await runner.startTransaction()
      await assert.rejects(database.execute('SELECT 1'), open)
      await runner.query('SELECT 1')
      await runner[end]()
      // The runner still holds the connection; that is a matter of waiting, not of a transaction.
    }
    await runner.release()
    await database.execute('SELECT 1')
  })

  it('lets other call chains wait for their turn', async (t) => {
    const { database, schema, items } = await openFor(t, 'embedded')
    const order: string[] = []
    const first = database.transaction(async (tx) => {
      await sleep(50)
      await tx.execute(`INSERT INTO ${schema}.item VALUES (1)`)
      order.push('first')
    })
    const beside = database.execute('SELECT 1').then(() => order.push('beside'))
    const typeorm = database.source.transaction(async (manager) => {
      await sleep(20)
      await manager.query(`INSERT INTO ${schema}.item VALUES (2)`)
      order.push('typeorm')
    })
    const last = database.execute('SELECT 1').then(() => order.push('last'))
    await Promise.all([first, beside, typeorm, last])
    assert.equal(order[0], 'first')
    assert.deepEqual(order.sort(), ['beside', 'first', 'last', 'typeorm'])
    assert.equal(await items(), 2)
  })

  it('does not keep a transaction that was forgotten', async (t) => {
    const { database, schema, items, warnings } = await openFor(t, 'embedded')
    const runner = database.source.createQueryRunner()
    await runner.startTransaction()
    await runner.query(`INSERT INTO ${schema}.item VALUES (1)`)
    await runner.release()
    assert.equal(await items(), 0)
    assert.match(String(warnings), /released in the midst/)
  })

  it('does not take one chain for another that began in the same place', async (t) => {
    const { database } = await openFor(t, 'embedded')
    // As in a server: a transaction at its start, then requests that all descend from there.
    const runner = database.source.createQueryRunner()
    await runner.startTransaction()
    await runner.commitTransaction()
    await runner.release()
    const request = async (inTransaction: boolean) => {
      await sleep(1)
      if (!inTransaction) return database.execute('SELECT 1')
      const own = database.source.createQueryRunner()
      await own.startTransaction()
      await sleep(20)
      await own.commitTransaction()
      return own.release()
    }
    await Promise.all([request(true), request(false), request(true), request(false)])
  })
})

const tooLong = { code: '25P03', message: /^transaction-too-long: .*transactionTimeoutMs/ }

describe('the time limit on a transaction of the embedded database', () => {
  const limited = (t: TestContext): Promise<Opened> =>
    openFor(t, 'embedded', { transactionTimeoutMs: 100 })

  it('rolls back, and says so to every further statement and to COMMIT', async (t) => {
    const { database, schema, items } = await limited(t)
    const runner = database.source.createQueryRunner()
    await runner.startTransaction()
    await runner.query(`INSERT INTO ${schema}.item VALUES (1)`)
    await sleep(200)
    await assert.rejects(runner.query(`INSERT INTO ${schema}.item VALUES ($1)`, [2]), tooLong)
    await assert.rejects(runner.query('SELECT 1'), tooLong)
    await assert.rejects(runner.commitTransaction(), tooLong)
    await runner.release()
    assert.equal(await items(), 0)
  })

  it('is over with ROLLBACK, and the session is as before', async (t) => {
    const { database, schema, items } = await limited(t)
    const slow = database.transaction(async (tx) => {
      await tx.execute(`INSERT INTO ${schema}.item VALUES (1)`)
      await sleep(200)
      await tx.execute('SELECT 1')
    })
    await assert.rejects(slow, tooLong)
    const silent = database.transaction(async (tx) => {
      await tx.execute(`INSERT INTO ${schema}.item VALUES (1)`)
      await sleep(200)
    })
    await assert.rejects(silent, tooLong)
    await database.transaction(async (tx) => {
      await tx.execute(`INSERT INTO ${schema}.item VALUES (3)`)
    })
    assert.equal(await items(), 1)
  })

  it('holds for savepoints within it', async (t) => {
    const { database, schema, items } = await limited(t)
    const nested = database.source.transaction(async (manager) => {
      await manager.query(`INSERT INTO ${schema}.item VALUES (1)`)
      await manager.transaction(async () => sleep(200))
    })
    await assert.rejects(nested, tooLong)
    assert.equal(await items(), 0)
  })

  it('counts each transaction from its own beginning', async (t) => {
    const { database, schema, items } = await limited(t)
    for (let n = 0; n < 5; n++) {
      await database.transaction(async (tx) => {
        await tx.execute(`INSERT INTO ${schema}.item VALUES ($1)`, [n])
        await sleep(40)
      })
    }
    assert.equal(await items(), 5)
  })
})
