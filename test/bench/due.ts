/**
 * What a worker's look for due deliveries costs while a million others wait for later, beside the
 * same in a table where none does. It must not grow with those; the plans that are printed say why.
 *
 *   npm run bench -- due
 */
import {
  type Database,
  type OwnDatabase,
  openDatabase,
  runMigrations,
} from '../../src/database/index.ts'
import { type ClaimRequest, claim } from '../../src/outbox/claim.ts'
import { entities } from '../../src/outbox/entities.ts'
import { migrations } from '../../src/outbox/migrations/index.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import { ripen } from '../../src/outbox/ripen.ts'
import { postgres } from '../support/engines.ts'
import { type BenchRow, isMain, median, perSecond, print } from './measure.ts'

const rounds = 20
const due = 1000
const chunk = 100
const looks = 200
const sizes = [0, 10_000, 1_000_000] as const

const request: ClaimRequest = {
  ...{ channel: 'pager', events: ['alarm'], limit: chunk, ordinaryLimit: chunk },
  ...{ leaseMs: 30_000, mark: 0, after: null, afterUrgent: null, buckets: [] },
}

interface Place {
  readonly outbox: Outbox
  readonly database: OwnDatabase
  readonly scheduled: number
}

interface Wait {
  readonly from: number
  readonly count: number
  /** SQL, from now on. */
  readonly until: string
}

/** Rows with the numbers from `from` on; a notification holds as many as one `send` to a crowd. */
async function fill({ outbox: o, database }: Pick<Place, 'outbox' | 'database'>, wait: Wait) {
  const id = (n: string) => `('01935b5e-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`
  const range = [wait.from, wait.from + wait.count - 1]
  await database.execute(
    `INSERT INTO ${o.schema}.notification (id, event, context, options, skipped, open, created_at)
     SELECT ${id('n')}, 'alarm', '{}', '{}', '{"total":0,"counts":{},"first":[]}', ${due}, now()
     FROM generate_series($1::int, $2::int, ${due}) AS n ON CONFLICT (id) DO NOTHING`,
    range,
  )
  await database.execute(
    `INSERT INTO ${o.schema}.delivery (id, notification_id, lane, urgent, event, channel, recipient,
       users, address, address_key, locale, zone, status, send_at, due_at, attempts,
       attempts_before, created_at)
     SELECT ${id('n')}, ${id(`n - n % ${due}`)}, ${id(`n - n % ${due}`)}, false, 'alarm', 'pager',
       jsonb_build_object('pager', n), ARRAY[n::text], to_jsonb(n::text), n::text, 'en',
       'Europe/Berlin', 'pending', at, at, 0, 0, now()
     FROM generate_series($1::int, $2::int) AS n
     CROSS JOIN LATERAL (SELECT now() + ${wait.until} AS at) AS send`,
    range,
  )
}

async function openPlace(scheduled: number): Promise<Place> {
  const { databaseUrl, schema } = postgres.fresh()
  const database = await openDatabase({
    ...{ url: databaseUrl, directory: 'memory', schema: schema!, entities, migrations },
  })
  await runMigrations(database, schema!)
  const outbox = createOutbox(schema!, () => 0)
  // Over a day, so that many wait for each second.
  const until = `interval '1 day' + n % 86400 * interval '1 s'`
  await fill({ outbox, database }, { from: due, count: scheduled, until })
  // As autovacuum leaves it.
  await database.execute(`VACUUM ANALYZE ${outbox.schema}.delivery`)
  return { outbox, database, scheduled }
}

const titles = {
  inLine: 'due, put in line',
  claimed: 'due, claimed',
  idle: 'looks that find nothing due',
}
const whats = ['inLine', 'claimed', 'idle'] as const
type Rates = Readonly<Record<(typeof whats)[number], number>>

/** One wave of due deliveries, put in line and claimed; then looks that find nothing. */
async function wave(place: Place): Promise<Rates> {
  const { outbox, database } = place
  await fill(place, { from: 0, count: due, until: `interval '-1 s'` })
  const inLine = await perSecond(due, () => ripen(outbox, database, ['pager']))
  const claimed = await perSecond(due, async () => {
    for (let n = 0; n < due; n += chunk) {
      const { claimed: got } = await claim(outbox, database, request)
      if (got.length !== chunk) throw new Error(`${got.length} claimed`)
    }
  })
  await database.execute(`DELETE FROM ${outbox.schema}.delivery WHERE status = 'sending'`)
  const idle = await perSecond(looks, async () => {
    for (let n = 0; n < looks; n += 1) await ripen(outbox, database, ['pager'])
  })
  return { inLine, claimed, idle }
}

/** The nodes of a plan, what they look up, and the buffers of the whole. */
function compact(lines: readonly string[]): string {
  const told = /->|Index Cond|Filter|Execution Time/
  return lines.filter((line, n) => n < 2 || told.test(line)).join('\n')
}

/** The plans of all statements that `work` runs, which are undone. */
async function plans(database: OwnDatabase, work: (db: Database) => Promise<unknown>) {
  const found: string[] = []
  const undo = new Error('undo')
  const run = database.transaction(async (tx) => {
    await work({
      async execute(sql, values) {
        const explain = `EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) ${sql}`
        const lines = await tx.execute<{ 'QUERY PLAN': string }>(explain, values)
        found.push(compact(lines.map((line) => line['QUERY PLAN'])))
        return []
      },
    })
    throw undo
  })
  await run.catch((error: unknown) => {
    if (error !== undo) throw error
  })
  return found
}

export async function benchDue(): Promise<BenchRow[]> {
  const places: Place[] = []
  for (const size of sizes) places.push(await openPlace(size))
  const rates = new Map<Place, Rates[]>(places.map((place) => [place, []]))
  for (let round = 0; round <= rounds; round += 1) {
    for (let n = 0; n < places.length; n += 1) {
      // Each goes first in turn.
      const place = places[(round + n) % places.length]!
      const rate = await wave(place)
      if (round > 0) rates.get(place)!.push(rate)
    }
  }
  const [none, ...others] = places
  const rows = others.flatMap((place) =>
    whats.map((what) => ({
      name: `${titles[what]}, ${place.scheduled} wait (floor: none)`,
      ours: median(rates.get(place)!.map((rate) => rate[what])),
      floor: median(rates.get(none!)!.map((rate) => rate[what])),
    })),
  )
  const last = places.at(-1)!
  await fill(last, { from: 0, count: due, until: `interval '-1 s'` })
  for (const plan of await plans(last.database, (db) => ripen(last.outbox, db, ['pager'])))
    console.log(`${plan}\n`)
  for (const { database } of places) await database.close()
  return rows
}

if (isMain(import.meta.url)) print(await benchDue())
