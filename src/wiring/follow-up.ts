import type { Database } from '../database/contract.ts'
import { codeOf, EnvoyerError, toError } from '../errors.ts'
import type { JsonObject } from '../event/json.ts'
import type { Configuration } from '../option/configuration.ts'
import { parseSendOptions } from '../option/send-options.ts'
import { leaveFollowUp, takeLeft } from '../outbox/left.ts'
import { erased, eraseFollowUp } from '../outbox/write.ts'
import type { createSend } from '../send.ts'
import type { WriteEndedParts } from '../worker/write-ended.ts'
import type { Opened } from './open.ts'
import { reveal } from './sensitive.ts'

interface Stored {
  readonly id: string
  readonly follow: {
    readonly event: string
    readonly recipients: object
    readonly context: JsonObject
    readonly secret?: string
  }
}

/**
 * What is not of the message that follows, but of the database: the transaction itself has to be
 * tried again. SQLSTATE by class (PostgreSQL, appendix A): connection, rollback, resources, shutdown,
 * system.
 */
const ofDatabase = /^(?:(?:08|40|53|58)...|57P..|closed|database-(?:stopped|unreachable))$/

/**
 * Sends what `onCompleted` of completed notifications asks for, in the transaction that completes
 * them: either both are written or neither. The key makes it once, also where a retried delivery
 * completes the notification again.
 */
export function createFollowUp(
  configuration: Configuration,
  open: () => Promise<Opened>,
  send: () => Promise<ReturnType<typeof createSend>>,
  onError: (error: Error) => void,
): WriteEndedParts['followUp'] {
  const { events, channels, sealer } = configuration
  return async (tx, completed) => {
    if (completed.length === 0) return () => {}
    const { outbox, queue, database } = await open()
    const rows = await tx.execute<Stored & Record<string, unknown>>(
      `SELECT id, options -> 'onCompleted' AS follow FROM ${outbox.schema}.notification
       WHERE id = ANY($1) AND options ? 'onCompleted'`,
      [completed],
    )
    const { watched, failures } = watch(tx)
    const carrier = {
      database: watched,
      inTransaction: <T>(work: (database: Database) => Promise<T>) => work(watched),
      foreign: true,
      own: database,
    }
    for (const { id, follow } of rows) {
      // It was sent when the notification was completed before.
      if (follow.secret === erased) continue
      if (!Object.hasOwn(events, follow.event)) {
        await leaveFollowUp(outbox, tx, id)
        continue
      }
      const sendIt = async () => {
        const terms = parseSendOptions({ key: `completed:${id}` }, follow.event, events, channels)
        const context = reveal(sealer, follow)
        await (await send())(follow.event, follow.recipients, context, terms, carrier)
      }
      const failed = await inSavepoint(tx, sendIt, failures)
      if (failed) onError(failed)
      // Who has the key may still want to read it.
      const keyMissing = failed instanceof EnvoyerError && failed.code === 'secret-key-invalid'
      if (follow.secret !== undefined && !keyMissing) await eraseFollowUp(outbox, tx, id)
    }
    return () => {
      if (rows.length > 0) for (const channel of Object.keys(channels)) queue.ticket(channel)
    }
  }
}

/** How often a worker looks whether another version has left it something to follow. */
const leftEveryMs = 5000

/** Sends what follows notifications that were completed by a version that does not know its event. */
export function createFollowLeft(
  { outbox, database }: Pick<Opened, 'outbox' | 'database'>,
  events: readonly string[],
  followUp: WriteEndedParts['followUp'],
): () => Promise<void> {
  let nextAt = 0
  return async () => {
    if (performance.now() < nextAt) return
    nextAt = performance.now() + leftEveryMs
    const afterCommit = await database.transaction(async (tx) =>
      followUp(tx, await takeLeft(outbox, tx, events)),
    )
    afterCommit()
  }
}

/** A transaction of which is known what it threw: what an application's schema asks may fail alike. */
function watch(tx: Database) {
  const failures = new WeakSet<object>()
  const watched: Database = {
    execute: (sql, values) =>
      tx.execute<never>(sql, values).catch((thrown) => {
        failures.add(thrown)
        throw thrown
      }),
  }
  return { watched, failures }
}

/**
 * Gives the error of what could not be done, with all of it undone. What was sent must be settled
 * all the same, or it would go out again.
 */
async function inSavepoint(
  tx: Database,
  work: () => Promise<void>,
  failures: WeakSet<object>,
): Promise<Error | undefined> {
  await tx.execute('SAVEPOINT follow_up')
  try {
    await work()
    await tx.execute('RELEASE SAVEPOINT follow_up')
    return undefined
  } catch (thrown) {
    const error = toError(thrown)
    const isOurs = failures.has(error) || error instanceof EnvoyerError
    if (isOurs && ofDatabase.test(codeOf(error, ''))) throw error
    // Throws where the database is away: then nothing is settled either.
    await tx.execute('ROLLBACK TO SAVEPOINT follow_up')
    return error
  }
}
