import { EnvoyerError, type ErrorCode } from '../errors.ts'
import type { JsonObject } from '../event/json.ts'
import type { Configuration } from '../option/configuration.ts'
import { parseSendOptions } from '../option/send-options.ts'
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

/** Mistakes of the call itself, which another try would only find again. */
const lasting: ReadonlySet<string> = new Set<ErrorCode>([
  'address-secret',
  'channel-options',
  'channel-unknown',
  'context-invalid',
  'context-not-json',
  'event-unknown',
  'key-reused',
  'option-invalid',
  'recipients-invalid',
  'template-missing',
])

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
    const carrier = {
      database: tx,
      inTransaction: <T>(work: (database: typeof tx) => Promise<T>) => work(tx),
      foreign: true,
      own: database,
    }
    for (const { id, follow } of rows) {
      // An event that this version no longer has is not worth failing the settled ones for.
      if (!Object.hasOwn(events, follow.event)) continue
      // It was sent when the notification was completed before.
      if (follow.secret === erased) continue
      try {
        const terms = parseSendOptions({ key: `completed:${id}` }, follow.event, events, channels)
        const context = reveal(sealer, follow)
        await (await send())(follow.event, follow.recipients, context, terms, carrier)
        if (follow.secret !== undefined) await eraseFollowUp(outbox, tx, id)
      } catch (thrown) {
        // Nor is one that cannot be sent: what was sent would never be settled, and go out again.
        if (!(thrown instanceof EnvoyerError) || !lasting.has(thrown.code)) throw thrown
        onError(thrown)
      }
    }
    return () => {
      if (rows.length > 0) for (const channel of Object.keys(channels)) queue.ticket(channel)
    }
  }
}
