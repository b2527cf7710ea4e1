import type { JsonObject } from '../event/json.ts'
import type { Configuration } from '../option/configuration.ts'
import { parseSendOptions } from '../option/send-options.ts'
import type { createSend } from '../send.ts'
import type { WriteEndedParts } from '../worker/write-ended.ts'
import type { Opened } from './open.ts'

interface Stored {
  readonly id: string
  readonly follow: {
    readonly event: string
    readonly recipients: object
    readonly context: JsonObject
  }
}

/**
 * Sends what `onCompleted` of completed notifications asks for, in the transaction that completes
 * them: either both are written or neither. The key makes it once, also where a retried delivery
 * completes the notification again.
 */
export function createFollowUp(
  configuration: Configuration,
  open: () => Promise<Opened>,
  send: () => Promise<ReturnType<typeof createSend>>,
): WriteEndedParts['followUp'] {
  const { events, channels } = configuration
  return async (tx, completed) => {
    if (completed.length === 0) return () => {}
    const { outbox, queue, database } = await open()
    const rows = await tx.execute<Stored & Record<string, unknown>>(
      `SELECT id, options -> 'onCompleted' AS follow FROM ${outbox.schema}.notification
       WHERE id = ANY($1) AND options ? 'onCompleted'`,
      [completed],
    )
    const carrier = {
      database: tx,
      inTransaction: <T>(work: (database: typeof tx) => Promise<T>) => work(tx),
      foreign: true,
      own: database,
    }
    for (const { id, follow } of rows) {
      // An event that this version no longer has is not worth failing the settled ones for.
      if (!Object.hasOwn(events, follow.event)) continue
      const terms = parseSendOptions({ key: `completed:${id}` }, follow.event, events, channels)
      await (await send())(follow.event, follow.recipients, follow.context, terms, carrier)
    }
    return () => {
      if (rows.length > 0) for (const channel of Object.keys(channels)) queue.ticket(channel)
    }
  }
}
