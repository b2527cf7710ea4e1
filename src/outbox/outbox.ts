import type { Database } from '../database/contract.ts'

/** Where the tables are, and what time it is: handed to every statement of the outbox. */
export interface Outbox {
  /** The schema's name, quoted for SQL. */
  readonly schema: string
  /** The channel of NOTIFY that wakes workers. */
  readonly wakeTopic: string
  /** Added to the database's clock, in milliseconds. Only the fake clock of tests moves it. */
  clockOffsetMs(): number
}

export function createOutbox(schema: string, clockOffsetMs: () => number): Outbox {
  return {
    schema: `"${schema.replaceAll('"', '""')}"`,
    wakeTopic: `${schema}_wake`,
    clockOffsetMs,
  }
}

/** A long statement, put together once for each outbox. */
export function once(build: (o: Outbox) => string): (o: Outbox) => string {
  const built = new WeakMap<Outbox, string>()
  return (o) => {
    const known = built.get(o)
    if (known !== undefined) return known
    const sql = build(o)
    built.set(o, sql)
    return sql
  }
}

/** SQL for the outbox's clock, with the offset as parameter `$n`. */
export function now(parameter: number): string {
  return `(now() + $${parameter}::float8 * interval '1 ms')`
}

/** A due delivery's place in line: urgent ones first; what lost its worker is sent alone. */
export const turn = `CASE WHEN error_code = 'worker-lost' THEN 2 WHEN urgent THEN 0 ELSE 1 END`

/** Wakes all workers; inside a transaction, when it commits. */
export async function notifyWorkers(o: Outbox, tx: Executor): Promise<void> {
  await tx.execute('SELECT pg_notify($1, $2)', [o.wakeTopic, ''])
}

/** What carries a statement: the envoyer's own database, a transaction, or the caller's handle. */
export type Executor = Database
