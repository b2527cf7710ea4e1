/**
 * Deliveries written a second by `send`, against bare UNNEST inserts of the same rows into a copy
 * of the table, by the same driver with the same durability and batch size.
 *
 *   npm run bench -- send
 */
import { z } from 'zod'
import { type OwnDatabase, openDatabase } from '../../src/database/index.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { defineEvent } from '../../src/event/define.ts'
import { createId } from '../../src/outbox/id.ts'
import { type Engine, embedded, postgres } from '../support/engines.ts'
import { pager, recorder } from '../support/pager.ts'
import { type BenchRow, inLanes, interleave, isMain, perSecond, print } from './measure.ts'

const rounds = 5
const batch = 1000
const batches = 10
const singles = 500

const users = Array.from({ length: batch }, (_, n) => ({
  pager: `number-${n}`,
  userId: n,
  email: `customer${n}@shop.example`,
  locale: 'en',
  tz: 'Europe/Berlin',
}))
const context = { orderId: 'A-1042', carrier: 'DHL', url: 'https://track.example/?order=A-1042' }

/** What the rows of one batch hold, made as cheaply as can be. */
function columns(notification: string, recipients = users) {
  return [
    recipients.map(() => createId()),
    notification,
    recipients.map(() => 'pager'),
    recipients.map((user) => JSON.stringify(user)),
    recipients.map((user) => `{"${user.userId}"}`),
    recipients.map((user) => JSON.stringify(user.pager)),
    recipients.map((user) => user.pager),
    recipients.map(() => 'en'),
    recipients.map(() => 'Europe/Berlin'),
  ]
}

const insert = `
  INSERT INTO bench.delivery (id, notification_id, lane, urgent, event, channel, recipient, users,
    address, address_key, locale, zone, status, turn, send_at, due_at, attempts, attempts_before, created_at)
  SELECT id, $2, $2, false, 'shipped', channel, recipient, users::text[], address, address_key, locale,
    zone, 'pending', 1, now(), now(), 0, 0, now()
  FROM UNNEST($1::uuid[], $3::text[], $4::jsonb[], $5::text[], $6::jsonb[], $7::text[], $8::text[], $9::text[])
    AS d (id, channel, recipient, users, address, address_key, locale, zone)`

async function benchEngine(engine: Engine): Promise<BenchRow[]> {
  const place = engine.fresh()
  const envoyer = createEnvoyer({
    ...place,
    ...(engine.name === 'embedded' ? { directory: `${process.env.BENCH_DIRECTORY}/send` } : {}),
    events: {
      shipped: defineEvent({
        context: z.object({ orderId: z.string(), carrier: z.string(), url: z.string() }),
        channels: ['pager'],
      }),
    },
    channels: { pager: pager({ backend: recorder() }) },
  })
  await envoyer.send('shipped', [], context)
  const bare = await openFloor(engine, place)
  await bare.execute('CREATE SCHEMA IF NOT EXISTS bench')
  await bare.execute('DROP TABLE IF EXISTS bench.delivery, bench.notification')
  await bare.execute(
    `CREATE TABLE bench.delivery (LIKE ${bare.kind === 'postgres' ? place.schema : 'envoyer'}.delivery INCLUDING ALL)`,
  )
  const rows = [
    await interleave(
      `${engine.name}: send to ${batch} at once`,
      rounds,
      () =>
        perSecond(batch * batches, () =>
          inLanes(1, batches, () => envoyer.send('shipped', users, context)),
        ),
      () =>
        perSecond(batch * batches, () =>
          inLanes(1, batches, () => bare.execute(insert, columns(createId()))),
        ),
    ),
    await interleave(
      `${engine.name}: send to one, ten at a time`,
      rounds,
      () =>
        perSecond(singles, () =>
          inLanes(10, singles, () => envoyer.send('shipped', users[0]!, context)),
        ),
      () =>
        perSecond(singles, () =>
          inLanes(10, singles, () => bare.execute(insert, columns(createId(), users.slice(0, 1)))),
        ),
    ),
  ]
  await bare.close()
  await envoyer.close()
  return rows
}

/** A database for the floor beside ours: the same server, or an embedded one of the same kind. */
async function openFloor(
  engine: Engine,
  { databaseUrl, schema }: ReturnType<Engine['fresh']>,
): Promise<OwnDatabase> {
  const { entities } = await import('../../src/outbox/entities.ts')
  const { migrations } = await import('../../src/outbox/migrations/index.ts')
  const { runMigrations } = await import('../../src/database/index.ts')
  const database = await openDatabase({
    url: databaseUrl,
    directory: `${process.env.BENCH_DIRECTORY}/floor`,
    schema: engine.name === 'postgres' ? schema! : 'envoyer',
    entities,
    migrations,
  })
  if (engine.name === 'embedded') await runMigrations(database, 'envoyer')
  return database
}

export async function benchSend(): Promise<BenchRow[]> {
  return [...(await benchEngine(postgres)), ...(await benchEngine(embedded))]
}

if (isMain(import.meta.url)) print(await benchSend())
