import type { PGlite } from '@electric-sql/pglite'
import {
  authenticationOk,
  dataRow,
  errorText,
  messages,
  readyForQuery,
  simpleQuery,
} from './protocol.ts'
import { createTransactionLimit } from './transaction-limit.ts'

/** The one session of the embedded database. */
export interface Session {
  /** A client begins: whatever the one before it left open is undone. */
  begin(): Uint8Array
  /** Runs the messages of a client up to a Sync, Query or Flush, and gives the answer's bytes. */
  answer(frame: Uint8Array): Uint8Array
  /** Runs a statement of our own and gives its rows; only while idle. */
  query(sql: string): (string | null)[][]
  /** Whether nobody is in the midst of anything. */
  idle(): boolean
  /** Turns the time limit on transactions on or off. */
  limit(on: boolean): void
  /** How many frames were answered. */
  readonly commands: number
}

const flush = 'H'.charCodeAt(0)

export function createSession(
  pglite: PGlite,
  transactionTimeoutMs: number,
  brokenBy: () => string | undefined,
): Session {
  let commands = 0
  let amidst = false

  const run = (frame: Uint8Array) => runFrame(pglite, frame, brokenBy)
  const query = (sql: string) => {
    const rows: (string | null)[][] = []
    for (const { type, payload } of messages(run(simpleQuery(sql)))) {
      if (type === 'E') throw new Error(`${sql}: ${errorText(payload)}`)
      if (type === 'D') rows.push(dataRow(payload))
    }
    return rows
  }
  const limit = createTransactionLimit({
    timeoutMs: transactionTimeoutMs,
    isOpen: () => pglite.isInTransaction(),
    rollBack: () => void query('ROLLBACK'),
  })
  return {
    begin() {
      limit.forget()
      if (pglite.isInTransaction()) query('ROLLBACK')
      // LISTEN stays: it belongs to the database's owner, not to one client.
      query('DEALLOCATE ALL')
      query('RESET ALL')
      amidst = false
      return Buffer.concat([authenticationOk, readyForQuery('I')])
    },
    answer(frame) {
      commands++
      const refusal = limit.refusal(frame)
      if (refusal) return refusal
      const answer = run(frame)
      amidst = frame[frame.length - 5] === flush
      limit.watch()
      return answer
    },
    query,
    idle: () => !amidst && !pglite.isInTransaction(),
    limit: (on) => limit.turn(on),
    get commands() {
      return commands
    },
  }
}

/** The messages up to a Sync, Query or Flush, and the bytes of their answer. */
function runFrame(pglite: PGlite, frame: Uint8Array, brokenBy: () => string | undefined): Buffer {
  const chunks: Uint8Array[] = []
  // Not execProtocolRaw: that one parses every answer and keeps it for ever. The body of this one
  // is synchronous, so that the chunks are here and nothing can come in between.
  const done = pglite.execProtocolRawStream(frame, {
    syncToFs: false,
    onRawData: (bytes) => void chunks.push(bytes.slice()),
  })
  // It rejects only where PostgreSQL itself has died; then this thread has to end as well.
  done.catch((error: unknown) => {
    throw error
  })
  const reason = brokenBy()
  if (reason !== undefined) throw new Error(reason)
  return Buffer.concat(chunks)
}
