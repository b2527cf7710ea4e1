import type { Rate } from '../channel/channel.ts'
import { type Executor, now, type Outbox } from './outbox.ts'

/** The rate of a channel; the claim takes a token a delivery. */
export const channelBucket = (channel: string) => `channel:${channel}`
/** Held back by a backend that asked for a pause. */
export const backendBucket = (channel: string, backend: string) => `backend:${channel}/${backend}`
export const laneBucket = (lane: string) => `lane:${lane}`

/** What a row of `bucket` holds by now; less than nothing where more was taken than was granted. */
export const refilled = `least(capacity, tokens + per_second *
  greatest(0, extract(epoch FROM ${now(1)} - refilled_at)))`

/** Makes the bucket of a rate, or adapts it where the configuration has changed. */
export async function setRate(
  o: Outbox,
  db: Executor,
  name: string,
  rate: Rate | undefined,
): Promise<void> {
  if (rate === undefined) {
    await db.execute(
      `UPDATE ${o.schema}.bucket SET per_second = NULL, capacity = NULL, tokens = NULL
       WHERE name = $1 AND capacity IS NOT NULL`,
      [name],
    )
    return
  }
  await db.execute(
    `INSERT INTO ${o.schema}.bucket AS b (name, per_second, capacity, tokens, refilled_at)
     VALUES ($2, $3, $4, $4, ${now(1)})
     ON CONFLICT (name) DO UPDATE
     SET per_second = $3, capacity = $4, tokens = least(coalesce(b.tokens, $4), $4)
     WHERE (b.per_second, b.capacity) IS DISTINCT FROM ($3::float8, $4::float8)`,
    [o.clockOffsetMs(), name, rate.perSecond, rate.burst ?? Math.max(1, rate.perSecond)],
  )
}

/** Gives tokens of a channel's rate back, which a claim took for what was not tried then. */
export async function returnTokens(
  o: Outbox,
  db: Executor,
  channel: string,
  count: number,
): Promise<void> {
  await db.execute(
    `UPDATE ${o.schema}.bucket SET tokens = least(capacity, tokens + $2::int)
     WHERE name = $1 AND capacity IS NOT NULL`,
    [channelBucket(channel), count],
  )
}

/** Holds back all that `name` names until `delayMs` from now; never shortens an earlier pause. */
export async function holdBack(
  o: Outbox,
  db: Executor,
  name: string,
  delayMs: number,
): Promise<void> {
  await db.execute(
    `INSERT INTO ${o.schema}.bucket AS b (name, refilled_at, blocked_until)
     VALUES ($2, ${now(1)}, ${now(1)} + $3::float8 * interval '1 ms')
     ON CONFLICT (name) DO UPDATE SET blocked_until = greatest(b.blocked_until, excluded.blocked_until)`,
    [o.clockOffsetMs(), name, delayMs],
  )
}

/** A row of `bucket` as it is by now. */
export interface BucketView {
  readonly name: string
  readonly tokens: number | null
  readonly capacity: number | null
  readonly failures: number
  readonly downForMs: number
}

/** Those of these names; default: all of channels and backends. */
export async function listBuckets(
  o: Outbox,
  db: Executor,
  names?: readonly string[],
): Promise<BucketView[]> {
  return db.execute<BucketView & Record<string, unknown>>(
    `SELECT name, capacity, ${refilled} AS tokens, failures, coalesce(ceil(greatest(0,
       extract(epoch FROM blocked_until - ${now(1)}) * 1000)), 0)::float8 AS "downForMs"
     FROM ${o.schema}.bucket
     WHERE ${names ? 'name = ANY($2)' : `name NOT LIKE 'lane:%'`} ORDER BY name`,
    [o.clockOffsetMs(), ...(names ? [names] : [])],
  )
}
