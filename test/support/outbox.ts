import { type OwnDatabase, openDatabase, runMigrations } from '../../src/database/index.ts'
import { type Claim, type ClaimRequest, claim } from '../../src/outbox/claim.ts'
import type { Claimed } from '../../src/outbox/claimed.ts'
import { entities } from '../../src/outbox/entities.ts'
import { createId } from '../../src/outbox/id.ts'
import { migrations } from '../../src/outbox/migrations/index.ts'
import type { NewDelivery } from '../../src/outbox/new-delivery.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import type { NotSent, Sent } from '../../src/outbox/settle.ts'
import { writeWhole } from '../../src/outbox/write.ts'
import type { Engine } from './engines.ts'

/** The outbox alone, without channels or templates, on a database of its own. */
export interface Bare {
  readonly outbox: Outbox
  readonly database: OwnDatabase
  /** Moves the outbox's clock. */
  advance(ms: number): void
  /** Writes a notification of `count` deliveries; gives its id. */
  write(count: number, options?: WriteOptions): Promise<string>
  claim(request?: Partial<ClaimRequest>): Promise<Claim>
  rows(): Promise<Row[]>
  close(): Promise<void>
}

interface WriteOptions {
  readonly urgent?: boolean
  readonly sendAt?: Date
  readonly event?: string
  readonly channel?: string
  /** The first part of the addresses, so that they can be told apart. */
  readonly to?: string
  /** Each has one over this channel. */
  readonly fallback?: string
}

export interface Row {
  readonly id: string
  readonly status: string
  readonly attempts: number
  readonly turn: number | null
  readonly address_key: string
  readonly error_code: string | null
}

export const delivery = (channel: string, address: string, position: number): NewDelivery => ({
  id: createId(),
  position,
  channel,
  recipient: {},
  users: [],
  address,
  addressKey: address,
  locale: 'en',
  zone: 'UTC',
  zoneUnknown: false,
  immediate: false,
  sendAt: undefined,
  reason: 'open',
  fallback: [],
})

export const nothingSkipped = { total: 0, counts: {}, first: [] }

export async function openBare(engine: Engine): Promise<Bare> {
  const { databaseUrl, directory, schema } = engine.fresh()
  const database = await openDatabase({
    url: databaseUrl,
    directory: directory ?? 'memory',
    schema: schema!,
    // Benches fill the tables by single statements.
    statementTimeoutMs: 600_000,
    entities,
    migrations,
  })
  await runMigrations(database, schema!)
  let offsetMs = 0
  const outbox = createOutbox(schema!, () => offsetMs)
  return {
    outbox,
    database,
    advance: (ms) => {
      offsetMs += ms
    },
    async write(
      count,
      { urgent = false, sendAt, event = 'alarm', channel = 'pager', to = 'a', fallback } = {},
    ) {
      const id = createId()
      await writeWhole(
        outbox,
        database,
        {
          ...{ id, event, context: { what: to }, secret: undefined, options: {} },
          ...{ key: undefined, fingerprint: undefined },
        },
        nothingSkipped,
        {
          ...{ notificationId: id, event, lane: id, urgent },
          ...{ notBefore: sendAt, deadline: undefined },
        },
        Array.from({ length: count }, (_, n) => ({
          ...delivery(channel, `${to}${n}`, n),
          sendAt,
          fallback: fallback === undefined ? [] : [delivery(fallback, `${to}${n}`, n)],
        })),
      )
      return id
    },
    claim: (request = {}) => {
      const limit = request.limit ?? 100
      return claim(outbox, database, {
        channel: 'pager',
        events: ['alarm'],
        limit,
        ordinaryLimit: limit,
        leaseMs: 30_000,
        mark: 0,
        after: null,
        afterUrgent: null,
        buckets: [],
        ...request,
      })
    },
    rows: () =>
      database.execute<Row & Record<string, unknown>>(
        `SELECT id, status, attempts, turn, address_key, error_code FROM ${outbox.schema}.delivery ORDER BY id`,
      ),
    close: () => database.close(),
  }
}

/** What a worker knows of a claim when it says how it ended. */
export type Grip = Pick<Claimed, 'id' | 'attempts' | 'claims' | 'notificationId'>

const tried = ({ id, attempts, claims, notificationId }: Grip) => ({
  id,
  attempts,
  claims,
  notificationId,
  backend: 'recorder',
  startedAt: new Date(),
  tookMs: 1,
})

export const asSent = (claimed: Grip): Sent => ({
  outcome: 'sent',
  ...tried(claimed),
  receipt: {},
  message: undefined,
})

export const asRetry = (claimed: Grip, delayMs: number, code = 'busy'): NotSent => ({
  outcome: 'retry',
  ...tried(claimed),
  tried: true,
  fallsBack: true,
  delayMs,
  code,
  text: 'try again',
  request: undefined,
  response: undefined,
})

export const asFailed = (claimed: Grip): NotSent => ({
  ...asRetry(claimed, 0, 'refused'),
  outcome: 'failed',
})
