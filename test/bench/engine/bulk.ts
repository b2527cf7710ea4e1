/** `send` to 100,000 recipients, against bare UNNEST inserts of the same rows in as many statements. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { createId } from '../../../src/outbox/id.ts'
import { batchSize, context, type Person } from '../baseline/common.ts'
import { type Bench, type Spread, spread } from './bench.ts'
import { create } from './create-envoyer.ts'

export interface Bulk {
  readonly recipients: number
  readonly rowsPerSecond: Spread
  readonly bareRowsPerSecond: Spread
  readonly ratio: Spread
}

const recipients = 100_000

const insert = (schema: string) => `
  INSERT INTO ${schema}.bare (id, notification_id, lane, urgent, event, channel, recipient, users,
    address, address_key, locale, zone, status, turn, send_at, due_at, attempts, attempts_before,
    created_at, not_before)
  SELECT id, $2, $2, false, 'shipped', 'webhook', recipient, users::text[], address, address_key, 'en',
    'UTC', 'pending', 1, now(), now(), 0, 0, now(), now()
  FROM UNNEST($1::uuid[], $3::jsonb[], $4::text[], $5::jsonb[], $6::text[])
    AS d (id, recipient, users, address, address_key)`

/** What the rows hold, made as cheaply as can be. */
function columns(notification: string, people: readonly Person[]) {
  return [
    people.map(() => createId()),
    notification,
    people.map((person) => JSON.stringify(person)),
    people.map(({ userId }) => `{"${userId}"}`),
    people.map(({ url }) => `{"url":"${url}"}`),
    people.map(({ url }) => url),
  ]
}

async function insertBare(client: pg.Client, schema: string, people: readonly Person[]) {
  const notification = createId()
  await client.query('BEGIN')
  for (let at = 0; at < people.length; at += batchSize) {
    const values = columns(notification, people.slice(at, at + batchSize))
    await client.query({ name: 'insert', text: insert(schema), values })
  }
  await client.query('COMMIT')
}

export async function bulk(bench: Bench): Promise<Bulk> {
  const { place, quick } = bench
  bench.progress(`send to ${recipients} recipients at once`)
  const schema = `bench_${randomBytes(6).toString('hex')}`
  const envoyer = await create({ ...place, schema })
  const people = Array.from({ length: recipients }, (_, n) => ({
    ...{ userId: `${n}`, name: `N ${n}`, url: `${place.origin}/hook-${n}` },
    email: `hook-${n}@x.example`,
  }))
  const send = (to: readonly Person[]) =>
    envoyer.send('shipped', to, context, { channels: ['webhook'] })
  const client = new pg.Client({ connectionString: place.databaseUrl })
  await client.connect()
  try {
    const some = people.slice(0, 10_000)
    await send(some)
    await client.query(`CREATE TABLE ${schema}.bare (LIKE ${schema}.delivery INCLUDING ALL)`)
    await insertBare(client, schema, some)
    const rates = { ours: [] as number[], bare: [] as number[] }
    const rate = async (work: () => Promise<unknown>) => {
      await client.query('CHECKPOINT')
      const began = performance.now()
      await work()
      return (recipients * 1000) / (performance.now() - began)
    }
    for (let round = 0; round < (quick ? 3 : 5); round += 1) {
      rates.ours.push(await rate(() => send(people)))
      rates.bare.push(await rate(() => insertBare(client, schema, people)))
    }
    return {
      recipients,
      rowsPerSecond: spread(rates.ours),
      bareRowsPerSecond: spread(rates.bare),
      ratio: spread(rates.ours.map((each, round) => each / rates.bare[round]!)),
    }
  } finally {
    await envoyer.close()
    await client.query(`DROP SCHEMA ${schema} CASCADE`)
    await client.end()
  }
}
