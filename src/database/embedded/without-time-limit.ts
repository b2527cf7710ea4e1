import type { OwnDatabase } from '../contract.ts'
import type { EngineThread } from './thread.ts'

/** `off`: how many pieces of work run without the limit just now. */
const limits = new WeakMap<OwnDatabase, { readonly thread: EngineThread; off: number }>()

/** Has a database whose transactions are limited in time known to `withoutTimeLimit`. */
export function limitTransactions(database: OwnDatabase, thread: EngineThread): void {
  limits.set(database, { thread, off: 0 })
}

/**
 * Runs `work` without the time limit on transactions: a migration may take as long as it takes, and
 * so may a `send` to a hundred thousand recipients.
 */
export async function withoutTimeLimit<T>(
  database: OwnDatabase,
  work: () => Promise<T>,
): Promise<T> {
  const limit = limits.get(database)
  if (!limit) return work()
  limit.off += 1
  limit.thread.limit(false)
  try {
    return await work()
  } finally {
    limit.off -= 1
    limit.thread.limit(limit.off === 0)
  }
}
