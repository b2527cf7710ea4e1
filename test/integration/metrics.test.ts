import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failover } from '../../src/channel/composite.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { Permanent, RetryAfter } from '../../src/errors.ts'
import { metrics } from '../../src/metric/table.ts'
import { checkConfiguration } from '../../src/option/configuration.ts'
import { backlogStatement } from '../../src/outbox/backlog.ts'
import { assemble } from '../../src/wiring/assemble.ts'
import { embedded, onEveryEngine, postgres } from '../support/engines.ts'
import { freePort } from '../support/free-port.ts'
import { createPagerEnvoyer, pager, pagerEvents, recorder } from '../support/pager.ts'
import { type Family, parseMetrics, sampleOf } from '../support/prometheus.ts'

const inAnHour = () => new Date(Date.now() + 3_600_000)

/** Scrapes until it shows what is waited for: what is settled is counted a moment later. */
async function scrapeUntil(
  scrape: () => Promise<Map<string, Family>>,
  holds: (families: Map<string, Family>) => boolean,
): Promise<Map<string, Family>> {
  for (let n = 0; ; n += 1) {
    const families = await scrape()
    if (holds(families)) return families
    assert.ok(n < 100, JSON.stringify([...families].map(([, { samples }]) => samples)))
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

onEveryEngine('metrics', (engine) => {
  test('tell over HTTP what a worker did, and what waits', async () => {
    const port = await freePort()
    const backend = recorder(({ address, attempt }) => {
      if (address === 'nobody') throw new Permanent('no', { code: 'unknown-number' })
      if (address === 'later' && attempt === 1) throw new RetryAfter(1, 'no', { code: 'busy' })
    })
    const { envoyer, internal } = createPagerEnvoyer(engine, backend, {
      rate: { perSecond: 1000, burst: 1000 },
      surroundings: { monitor: { port } },
    })
    try {
      const page = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
      const scrape = async () => parseMetrics(await (await page('/metrics')).text())
      await envoyer.worker({ stopOn: [] })
      const recipients = ['1', '2', 'nobody', 'later'].map((pager) => ({ pager }))
      const sent = await envoyer.send('alarm', recipients, { what: 'x' })
      await envoyer.send('alarm', { pager: '9' }, { what: 'x' }, { at: inAnHour() })
      await envoyer.waitFor(sent)
      const families = await scrapeUntil(
        scrape,
        (now) =>
          sampleOf(now, 'envoyer_deliveries_in_flight') === 0 &&
          sampleOf(now, 'envoyer_due_deliveries', { channel: 'pager' }) === 0,
      )
      const value = (name: string, labels = {}) =>
        sampleOf(families, name, { channel: 'pager', ...labels })
      assert.equal(value('envoyer_deliveries_total', { status: 'sent', code: '' }), 3)
      const failed = { status: 'failed', code: 'unknown-number' }
      assert.equal(value('envoyer_deliveries_total', failed), 1)
      assert.equal(value('envoyer_tries_total', { outcome: 'retry', code: 'busy' }), 1)
      assert.equal(value('envoyer_tries_total', { outcome: 'sent', code: '' }), 3)
      assert.equal(value('envoyer_claimed_deliveries_total'), 5)
      assert.equal(value('envoyer_delivery_delay_seconds_count'), 3)
      const calls = { backend: 'recorder' }
      assert.equal(value('envoyer_backend_call_duration_seconds_count', calls), 5)
      assert.ok(value('envoyer_claim_duration_seconds_count')! >= 2)
      assert.ok(sampleOf(families, 'envoyer_settle_duration_seconds_count')! >= 1)
      assert.ok(value('envoyer_tickets_put_total')! >= 1)
      assert.ok(value('envoyer_tickets_taken_total')! >= 1)
      assert.equal(value('envoyer_scheduled_deliveries'), 1)
      assert.equal(value('envoyer_oldest_due_seconds'), 0)
      assert.equal(value('envoyer_workers'), 1)
      assert.equal(value('envoyer_backend_held_back_seconds', calls), 0)
      assert.ok(sampleOf(families, 'envoyer_bucket_tokens', { bucket: 'channel:pager' })! > 0)
      assert.equal(sampleOf(families, 'envoyer_database_up'), 1)
      const looked = sampleOf(families, 'envoyer_last_look_timestamp_seconds')!
      assert.ok(Math.abs(looked - Date.now() / 1000) < 30)
      // Nothing but what the table says, in name, type and labels.
      for (const [name, { type, help, samples }] of families) {
        const definition = metrics[name as keyof typeof metrics]
        assert.deepEqual([type, help], [definition.type, definition.help])
        for (const { labels } of samples) {
          const { le: _, ...own } = labels
          assert.deepEqual(Object.keys(own), definition.labels)
        }
      }
      assert.deepEqual(await (await page('/health/live')).json(), { ok: true, reasons: [] })
      assert.deepEqual(await (await page('/health/ready')).json(), { ok: true, reasons: [] })
      assert.deepEqual(internal(), [])
    } finally {
      await envoyer.close()
    }
    await assert.rejects(fetch(`http://127.0.0.1:${port}/metrics`))
  })

  test('show how old the backlog is where no worker runs, and which backend is held back', async () => {
    const down = new RetryAfter(600_000, 'no', { code: 'x', scope: 'backend' })
    const failing = (name: string) => ({
      ...recorder(() => {
        throw down
      }),
      name,
    })
    const options = {
      ...engine.fresh(),
      events: pagerEvents,
      channels: { pager: pager({ backend: failover([failing('first'), failing('second')]) }) },
      onFailure() {},
    }
    let offsetMs = 0
    const { envoyer } = assemble(checkConfiguration(options as never), () => offsetMs)
    try {
      const read = async () => parseMetrics(await envoyer.metrics())
      const people = Array.from({ length: 3 }, (_, n) => ({ pager: `${n}` }))
      await envoyer.send('alarm', people, { what: 'x' })
      await envoyer.send('fire', people, { what: 'x' }, {
        at: new Date(Date.now() + 60_000),
      } as never)
      offsetMs = 120_000
      const families = await read()
      const value = (name: string, labels = {}) =>
        sampleOf(families, name, { channel: 'pager', ...labels })
      assert.equal(value('envoyer_due_deliveries'), 6, 'those that nobody has put in line too')
      const oldest = value('envoyer_oldest_due_seconds')!
      assert.ok(oldest >= 120 && oldest < 150, String(oldest))
      assert.equal(value('envoyer_scheduled_deliveries'), 0)
      assert.equal(value('envoyer_backend_held_back_seconds', { backend: 'first' }), 0)
      assert.equal(sampleOf(families, 'envoyer_last_look_timestamp_seconds'), undefined)

      await envoyer.worker({ stopOn: [] })
      await scrapeUntil(
        read,
        (now) =>
          ['first', 'second'].every((backend) => {
            const labels = { channel: 'pager', backend }
            return sampleOf(now, 'envoyer_backend_held_back_seconds', labels)! > 500
          }) &&
          sampleOf(now, 'envoyer_tries_total', { channel: 'pager', outcome: 'retry', code: 'x' })! >
            0,
      )
    } finally {
      await envoyer.close()
    }
    await assert.rejects(envoyer.metrics(), { code: 'closed' })
  })
})

test('reading what waits looks at no row that does not wait', async () => {
  const options = {
    ...postgres.fresh(),
    events: pagerEvents,
    channels: { pager: pager({ backend: recorder() }) },
  }
  const { envoyer, open } = assemble(checkConfiguration(options as never))
  try {
    const { id } = (await envoyer.send('alarm', { pager: '1' }, { what: 'x' })).deliveries[0]!
    const { database, outbox } = await open()
    const columns = await database.execute<{ name: string }>(
      `SELECT column_name AS name FROM information_schema.columns
       WHERE table_schema = $1 AND table_name = 'delivery'`,
      [options.schema],
    )
    const names = columns.map(({ name }) => name)
    const settled: Record<string, string> = {
      id: 'gen_random_uuid()',
      address_key: `address_key || '-' || n`,
      status: `'sent'`,
      turn: 'NULL',
      settled_at: 'now()',
    }
    await database.execute(
      `INSERT INTO ${outbox.schema}.delivery (${names.join(', ')})
       SELECT ${names.map((name) => settled[name] ?? name).join(', ')}
       FROM ${outbox.schema}.delivery, generate_series(1, 20000) n WHERE id = $1`,
      [id],
    )
    await database.execute(`ANALYZE ${outbox.schema}.delivery`)
    const plan = await database.execute<Record<string, string>>(
      `EXPLAIN ${backlogStatement(outbox)}`,
      [0, ['pager'], 100_000],
    )
    const lines = plan.map((row) => row['QUERY PLAN']!).join('\n')
    assert.doesNotMatch(lines, /Seq Scan|Bitmap/, lines)
    for (const index of ['delivery_turn', 'delivery_scheduled']) {
      assert.ok(lines.includes(`Index Only Scan using ${index}`), lines)
    }
  } finally {
    await envoyer.close()
  }
})

test('a database that is away is shown, and does not hold the scrape up', async () => {
  const port = await freePort()
  const { envoyer } = createPagerEnvoyer(
    { name: 'postgres', fresh: () => ({ databaseUrl: `postgres://nobody@127.0.0.1:${port}/x` }) },
    recorder(),
  )
  try {
    const families = parseMetrics(await envoyer.metrics())
    assert.equal(sampleOf(families, 'envoyer_database_up'), 0)
    assert.equal(families.has('envoyer_due_deliveries'), false)
    assert.equal(sampleOf(families, 'envoyer_deliveries_in_flight'), 0)
  } finally {
    await envoyer.close()
  }
})

test('a port comes from the environment, and is checked with all else', async () => {
  const make = (monitor?: object) =>
    createEnvoyer({
      ...embedded.fresh(),
      events: pagerEvents,
      channels: { pager: pager({ backend: recorder() }) },
      ...(monitor && { monitor }),
    })
  const problems = (monitor?: object) => {
    try {
      make(monitor)
      return []
    } catch (thrown) {
      return (thrown as { problems: string[] }).problems
    }
  }
  assert.match(problems({ port: 0 }).join(), /`monitor.port`/)
  assert.match(problems({ port: 70_000 }).join(), /`monitor.port`/)
  assert.match(problems({ prot: 1 }).join(), /monitor: there is no option `prot`/)
  assert.match(problems({ path: '/health/x' }).join(), /`monitor.path`/)
  assert.match(problems({ host: '' }).join(), /`monitor.host`/)
  process.env.ENVOYER_METRICS_PORT = 'x'
  try {
    assert.match(problems().join(), /ENVOYER_METRICS_PORT/)
    const port = await freePort()
    process.env.ENVOYER_METRICS_PORT = String(port)
    const envoyer = make()
    try {
      await envoyer.worker({ stopOn: [] })
      assert.equal((await fetch(`http://127.0.0.1:${port}/metrics`)).status, 200)
      const second = make()
      await assert.rejects(second.worker({ stopOn: [] }), { code: 'monitor-port' })
      await second.close()
    } finally {
      await envoyer.close()
    }
  } finally {
    delete process.env.ENVOYER_METRICS_PORT
  }
})
