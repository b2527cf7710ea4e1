import { createHash, randomUUID } from 'node:crypto'
import type pg from 'pg'
import { toError } from '../errors.ts'

/** What `pg` is told to run. */
export type Query = pg.QueryConfig & { readonly query_timeout?: number }

export interface Statements {
  /** To be planned at each call. */
  plain(sql: string, values?: readonly unknown[]): Query
  /** To be kept prepared on its connection, where it has values: then it comes again and again. */
  named(sql: string, values?: readonly unknown[]): Query
  /** Runs one that is kept prepared, or plainly where that cannot be. */
  run(client: pg.PoolClient, sql: string, values?: readonly unknown[]): Promise<pg.QueryResult>
}

/** More different texts than this are not the few statements that come again and again. */
const mostPrepared = 100
/** A plan made while a table was small is never looked at again by itself. */
const plansMs = 10_000

/**
 * The statements of a pool. Named by their text: behind a pooler two processes meet on one session,
 * and a name must never stand for what somebody else has prepared.
 */
export function createStatements(
  timeoutMs: number | undefined,
  warn: (error: Error) => void,
): Statements {
  const names = new Map<string, string>()
  const plannedAt = new WeakMap<pg.PoolClient, number>()
  const limit = timeoutMs === undefined ? {} : { query_timeout: timeoutMs }
  let preparing = true
  let edition = ''

  const plain = (sql: string, values?: readonly unknown[]): Query =>
    values ? { text: sql, values: [...values], ...limit } : { text: sql, ...limit }
  const nameOf = (sql: string): string | undefined => {
    const known = names.get(sql)
    if (known !== undefined || names.size >= mostPrepared) return known
    const name = `envoyer_${createHash('sha256')
      .update(edition + sql)
      .digest('base64url')
      .slice(0, 22)}`
    names.set(sql, name)
    return name
  }
  const named = (sql: string, values?: readonly unknown[]): Query => {
    const query = plain(sql, values)
    const name = preparing && values ? nameOf(sql) : undefined
    return name === undefined ? query : { name, ...query }
  }
  const planAnew = async (client: pg.PoolClient) => {
    const now = performance.now()
    const last = plannedAt.get(client)
    if (last !== undefined && now - last < plansMs) return
    plannedAt.set(client, now)
    if (last !== undefined) await client.query(plain('DISCARD PLANS'))
  }
  return {
    plain,
    named,
    async run(client, sql, values) {
      const query = named(sql, values)
      if (query.name === undefined) return client.query(query)
      await planAnew(client)
      try {
        return await client.query(query)
      } catch (thrown) {
        // Refused before it ran: nothing was done that would be done twice.
        const error = toError(thrown)
        if (isForgotten(error)) {
          if (preparing) warn(new Error(forgotten, { cause: error }))
          preparing = false
        } else if (isOutdated(error)) {
          // Other names, under which all are prepared anew.
          edition = randomUUID()
          names.clear()
        } else throw error
        return client.query(plain(sql, values))
      }
    },
  }
}

const forgotten =
  'The connection pooler before PostgreSQL keeps no prepared statements, so each is planned when it is run, which costs time. PgBouncer keeps them from version 1.21 on, with `max_prepared_statements`.'

/** Another session than the one that prepared it, or one on which it is prepared already. */
function isForgotten(error: Error): boolean {
  const { code } = error as { code?: string }
  return code === '26000' || code === '42P05'
}

/** A migration has changed the columns of its result. */
function isOutdated(error: Error): boolean {
  return (
    (error as { code?: string }).code === '0A000' &&
    error.message.startsWith('cached plan must not change')
  )
}
