import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import pg from 'pg'
import { prepareDataDirectory } from '../../src/database/embedded/data-directory.ts'
import type { EngineSettings } from '../../src/database/embedded/messages.ts'
import { createEngineStream } from '../../src/database/embedded/stream.ts'
import { startThread } from '../../src/database/embedded/thread.ts'
import { temporaryDirectory } from '../support/database.ts'

/** The engine with a record of what it writes and syncs, and a client of it. */
async function traced(t: TestContext, settings: Partial<EngineSettings>) {
  const dataDirectory =
    settings.dataDirectory ?? (await prepareDataDirectory(await temporaryDirectory(), false))
  const engine = await startThread(
    {
      durability: 'fsync',
      transactionTimeoutMs: 5000,
      schema: 'public',
      trace: true,
      ...settings,
      dataDirectory,
    },
    (error) => assert.fail(error),
  )
  const client = new pg.Client({ stream: () => createEngineStream(engine), ssl: false })
  client.on('error', () => {})
  await client.connect()
  t.after(async () => {
    await client.end()
    await engine.close()
  })
  await client.query('CREATE TABLE IF NOT EXISTS note (id int PRIMARY KEY, text text)')
  await engine.report()
  return { client, engine, dataDirectory }
}

const ofWal = (event: string) => event.includes('/pg_wal/')

describe('a commit on the embedded database', () => {
  it('is answered only when its WAL is on disk', async (t) => {
    const { client, engine } = await traced(t, {})
    for (let n = 0; n < 50; n++) {
      if (n % 10) await client.query('INSERT INTO note VALUES ($1)', [n])
      else {
        await client.query('BEGIN')
        await client.query('INSERT INTO note VALUES ($1)', [n])
        await engine.report()
        await client.query('COMMIT')
      }
      const { trace } = await engine.report()
      const lastWrite = trace.findLastIndex((event) => event.startsWith('write') && ofWal(event))
      const file = trace[lastWrite]?.slice('write '.length)
      assert.ok(lastWrite >= 0, `commit ${n} wrote no WAL: ${trace}`)
      const sync = trace.indexOf(`sync ${file}`, lastWrite)
      assert.ok(sync > lastWrite && sync < trace.indexOf('answer', lastWrite), `${n}: ${trace}`)
    }
  })

  it('costs no sync where nothing was written, nor before the commit', async (t) => {
    const { client, engine } = await traced(t, {})
    await client.query('SELECT count(*) FROM note')
    await client.query('BEGIN')
    await client.query('INSERT INTO note VALUES (1)')
    const { trace } = await engine.report()
    assert.deepEqual(
      trace.filter((event) => event.startsWith('sync')),
      [],
    )
    await client.query('ROLLBACK')
  })

  it('has the data files synced by a checkpoint, before the WAL they came from may go', async (t) => {
    const { client, engine } = await traced(t, {})
    await client.query('INSERT INTO note SELECT generate_series(1, 1000)')
    await engine.report()
    await client.query('CHECKPOINT')
    const { trace } = await engine.report()
    const written = new Set(
      trace.filter((event) => event.startsWith('write') && event.includes('/base/')),
    )
    assert.ok(written.size > 0)
    for (const event of written) {
      const sync = trace.indexOf(event.replace('write', 'sync'), trace.lastIndexOf(event))
      assert.ok(sync > 0 && sync < trace.findLastIndex((e) => /pg_control/.test(e)), event)
    }
  })

  it('is never answered where the disk refuses to sync', async (t) => {
    const { client, engine, dataDirectory } = await traced(t, { syncFailsAfter: 100 })
    let answered = 0
    const insert = async () => {
      for (let n = 1; n <= 500; n++) {
        await client.query('INSERT INTO note VALUES ($1)', [n])
        answered = n
      }
    }
    await assert.rejects(insert(), /could not be synced to disk: EIO/)
    assert.ok(answered > 0)
    await assert.rejects(client.query('SELECT 1'))
    await engine.close()
    const again = await traced(t, { dataDirectory })
    const { rows } = await again.client.query('SELECT count(*)::int AS count FROM note')
    assert.ok(rows[0].count >= answered)
  })

  it('is not synced where only the process is to be survived', async (t) => {
    const { client, engine } = await traced(t, { durability: 'process' })
    await client.query('INSERT INTO note VALUES (1)')
    const { trace } = await engine.report()
    assert.ok(trace.some((event) => event.startsWith('write') && ofWal(event)))
    assert.ok(!trace.some((event) => event.startsWith('sync')))
  })
})

describe('the upkeep of the embedded database', () => {
  it('checkpoints and vacuums after writes, but not inside a transaction', async (t) => {
    const upkeep = { checkpointEveryMs: 50, vacuumEveryMs: 50, lookEveryMs: 20 }
    const { client, engine } = await traced(t, { upkeep, trace: false })
    const pause = () => new Promise((resolve) => setTimeout(resolve, 300))
    await client.query('BEGIN')
    await client.query('INSERT INTO note SELECT generate_series(1, 1000)')
    const before = await engine.report()
    await pause()
    assert.deepEqual(await engine.report(), before)
    await client.query('COMMIT')
    await pause()
    const after = await engine.report()
    assert.ok(after.checkpoints > before.checkpoints, 'no checkpoint')
    assert.ok(after.vacuums > before.vacuums, 'no vacuum')
    await pause()
    const { rows } = await client.query(
      "SELECT last_vacuum FROM pg_stat_user_tables WHERE relname = 'note'",
    )
    assert.ok(rows[0].last_vacuum)
    // With nothing written since, there is nothing to do.
    await pause()
    const idle = await engine.report()
    await pause()
    const { checkpoints, vacuums } = await engine.report()
    assert.deepEqual(
      { checkpoints, vacuums },
      { checkpoints: idle.checkpoints, vacuums: idle.vacuums },
    )
  })

  it('keeps the WAL small however fast it is written', async (t) => {
    const upkeep = { checkpointWalBytes: 8 * 1024 * 1024, lookEveryMs: 20 }
    const { client, engine } = await traced(t, { upkeep, durability: 'process', trace: false })
    for (let n = 0; n < 12; n++) {
      await client.query(
        "INSERT INTO note SELECT i, repeat('x', 900) FROM generate_series($1::int, $2) i",
        [n * 10_000, n * 10_000 + 9_999],
      )
      await new Promise((resolve) => setTimeout(resolve, 40))
    }
    const { checkpoints } = await engine.report()
    assert.ok(checkpoints >= 3, `${checkpoints} checkpoints`)
    const { rows } = await client.query('SELECT sum(size)::int AS size FROM pg_ls_waldir()')
    assert.ok(rows[0].size <= 144 * 1024 * 1024, `${rows[0].size} bytes of WAL`)
  })
})
