import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { type BulkRun, runBulk } from '../support/bulk.ts'
import { freshSchema, postgresUrl } from '../support/engines.ts'

const count = process.env.ENVOYER_THOROUGH === '1' ? 1_000_000 : 100_000
const mb = 1024 * 1024

describe(`one send to ${count.toLocaleString('en')} recipients`, () => {
  const settings = { databaseUrl: postgresUrl(), schema: freshSchema(), count, key: 'bulk' }
  const client = new pg.Client(settings.databaseUrl)
  before(() => client.connect())
  after(() => client.end())

  /** Of what is in use, the most after the first tenth and the most at the end. */
  function heap({ told }: BulkRun) {
    const used = told.flatMap(({ heapBytes }) => (heapBytes === undefined ? [] : [heapBytes / mb]))
    const tenth = Math.ceil(used.length / 10)
    return { early: Math.max(...used.slice(0, tenth)), late: Math.max(...used.slice(-tenth)), used }
  }

  test('is killed half way and called again: everybody has one message, and memory does not grow', async () => {
    const half = count / 2
    const killed = await runBulk(settings, ({ recipients }, child) => {
      if (recipients >= half) child.kill('SIGKILL')
    })
    assert.deepEqual([killed.signal, killed.end], ['SIGKILL', undefined])
    assert.ok(
      killed.told.every(({ continued }) => !continued),
      'the first call went on with none',
    )

    const run = await runBulk(settings)
    assert.ok(
      run.told.every(({ continued }) => continued),
      'it did not say that it went on',
    )
    const { end } = run
    assert.deepEqual([end?.count, end?.skipped, end?.repeated], [count, 0, false])
    const added = run.told.at(-1)!.deliveries
    assert.ok(added > 0 && added <= count - half, `it wrote ${added}`)
    const { rows } = await client.query(
      `SELECT count(*)::int AS deliveries, count(DISTINCT address_key)::int AS addresses,
         (SELECT open FROM "${settings.schema}".notification) AS open
       FROM "${settings.schema}".delivery`,
    )
    assert.deepEqual(rows, [{ deliveries: count, addresses: count, open: count }])

    const { early, late, used } = heap(run)
    console.log(
      `${count} recipients in ${Math.round(end!.tookMs)} ms, of which ${added} were new; ` +
        `${Math.round(late)} MB in use, ${Math.round(end!.peakBytes / mb)} MB at the most`,
    )
    assert.ok(late < early + 5, `from ${early} to ${late} MB: ${used.map(Math.round).join(' ')}`)

    const again = await runBulk({ ...settings, count: 1000 })
    assert.deepEqual(
      [again.end?.notificationId, again.end?.repeated, again.end?.count, again.told],
      [end!.notificationId, true, count, []],
    )
  })
})
