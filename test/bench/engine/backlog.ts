/**
 * What a message costs while many others wait, and how long single ones take then. What waits is due,
 * as after a night without a worker: a `send` to a thousand recipients each, so that many lanes wait.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { arrivals, type Bench, type Latency, latency, withPostgres } from './bench.ts'
import { type Running, start } from './contestants.ts'

export interface Waiting {
  readonly waiting: number
  readonly enqueuedPerSecond: number
  readonly deliveredPerSecond: number
  readonly cpuSecondsPer10000: number
  /** How often PostgreSQL read the whole table of deliveries while these were delivered. */
  readonly sequentialScans: number
}

export interface Backlog {
  readonly sizes: readonly Waiting[]
  readonly during: {
    readonly waiting: number
    /** When the last of the singles had arrived. */
    readonly left: number
    readonly singleMs: Latency
    readonly urgentMs: Latency
  }
}

const perLane = 1000
const warmUp = 3000
/** PostgreSQL tells its statistics a second late. */
const statisticsMs = 1500

/** Copies of the one delivery that the contestant has written, whatever columns there are. */
async function fill(bench: Bench, schema: string, count: number): Promise<void> {
  const id = (n: string) => `('01935b5e-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`
  const lane = id(`n - n % ${perLane}`)
  const copy = (table: string, where: string, own: Record<string, string>, step: number) =>
    withPostgres(bench, async (query) => {
      const { rows } = await query(
        `SELECT column_name AS name FROM information_schema.columns
         WHERE table_schema = $1 AND table_name = $2`,
        [schema, table],
      )
      const columns = (rows as { name: string }[]).map(({ name }) => name)
      await query(
        `INSERT INTO ${schema}.${table} (${columns})
         SELECT ${columns.map((name) => own[name] ?? `t.${name}`)}
         FROM generate_series(0, ${count - 1}, ${step}) AS n,
           (SELECT * FROM ${schema}.${table} WHERE ${where} LIMIT 1) AS t`,
      )
      await query(`VACUUM ANALYZE ${schema}.${table}`)
    })
  const theOne = `id IN (SELECT notification_id FROM ${schema}.delivery)`
  await copy('notification', theOne, { id: id('n'), open: `${perLane}` }, perLane)
  const own = { id: id(`n + ${2 ** 30}`), notification_id: lane, lane, address_key: 'n::text' }
  await copy('delivery', 'true', own, 1)
}

async function scansOf(bench: Bench, { schema }: Running): Promise<number> {
  await sleep(statisticsMs)
  return withPostgres(bench, async (query) => {
    const { rows } = await query(
      `SELECT seq_scan::int AS scans FROM pg_stat_user_tables
       WHERE schemaname = $1 AND relname = 'delivery'`,
      [schema],
    )
    return (rows as { scans: number }[])[0]!.scans
  })
}

async function countOf(bench: Bench, { schema }: Running, status: string): Promise<number> {
  return withPostgres(bench, async (query) => {
    const { rows } = await query(
      `SELECT count(*)::int AS count FROM ${schema}.delivery WHERE status = $1`,
      [status],
    )
    return (rows as { count: number }[])[0]!.count
  })
}

/** One process that finds so many waiting; ends it, and drops what is left. */
async function withBacklog<T>(
  bench: Bench,
  waiting: number,
  work: (running: Running) => Promise<T>,
): Promise<T> {
  bench.progress(`${waiting} messages waiting`)
  const first = await start('envoyer', 'webhook', bench.place)
  await first.enqueue(1)
  // PostgreSQL tells what it counted while the tables were made when their session ends.
  await first.close()
  const { schema } = first
  await fill(bench, schema, waiting)
  const nodeArgs = bench.nodeArgs(`backlog-${waiting}`)
  const running = await start('envoyer', 'webhook', bench.place, { schema, nodeArgs })
  const result = await work(running)
  await running.close()
  await withPostgres(bench, (query) => query(`DROP SCHEMA ${schema} CASCADE`))
  return result
}

/** At the end still as many wait as at first, or a few more. */
async function measure(bench: Bench, running: Running, waiting: number): Promise<Waiting> {
  const measured = bench.quick ? 5000 : 20_000
  await running.enqueue(warmUp)
  const written = await running.enqueue(measured)
  await withPostgres(bench, (query) => query('CHECKPOINT'))
  const before = await scansOf(bench, running)
  await running.work()
  await running.settle(warmUp)
  const { tookMs, cpuMs } = await running.settle(measured)
  return {
    waiting,
    enqueuedPerSecond: (measured * 1000) / written.tookMs,
    deliveredPerSecond: (measured * 1000) / tookMs,
    cpuSecondsPer10000: (cpuMs * 10) / measured,
    sequentialScans: (await scansOf(bench, running)) - before,
  }
}

/** Single messages while the worker is busy with the rest. */
async function during(bench: Bench, running: Running, waiting: number) {
  const count = bench.quick ? 100 : 300
  const sink = bench.sinks.webhook
  const singles = async (urgent: boolean) => {
    const calls = await running.singles({ count, idle: false, pauseMs: 50, urgent })
    const { delays, missing } = await arrivals(sink, calls, 10_000)
    return latency(delays, missing)
  }
  const singleMs = await singles(false)
  const urgentMs = await singles(true)
  const left = await countOf(bench, running, 'pending')
  if (left === 0) bench.progress('The backlog was worked off before the singles had been sent.')
  return { waiting, left, singleMs, urgentMs }
}

export async function backlog(bench: Bench): Promise<Backlog> {
  const sizes: Waiting[] = []
  for (const waiting of bench.quick ? [1000] : [1000, 100_000])
    sizes.push(await withBacklog(bench, waiting, (running) => measure(bench, running, waiting)))
  const most = bench.quick ? 100_000 : 1_000_000
  const result = await withBacklog(bench, most, async (running) => {
    sizes.push(await measure(bench, running, most))
    return during(bench, running, most)
  })
  return { sizes, during: result }
}
