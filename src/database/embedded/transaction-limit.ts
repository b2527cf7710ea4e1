import { errorTable } from '../../errors.ts'
import {
  bindComplete,
  commandComplete,
  errorResponse,
  messages,
  noData,
  parseComplete,
  readyForQuery,
  statementOf,
} from './protocol.ts'

/** PostgreSQL's own code for a transaction ended by a time limit: idle_in_transaction_session_timeout. */
const sqlState = '25P03'

export interface TransactionLimit {
  /** Looks, after each command, whether a transaction has begun or ended. */
  watch(): void
  /** The answer to a client whose transaction was rolled back, until it has ended it itself. */
  refusal(frame: Uint8Array): Uint8Array | undefined
  forget(): void
  turn(on: boolean): void
}

/**
 * Rolls back a transaction that stays open too long. PostgreSQL's own time limits need a signal,
 * which WebAssembly has not, and freeze the thread; so the clock is here, between two commands.
 */
export function createTransactionLimit(options: {
  timeoutMs: number
  isOpen(): boolean
  rollBack(): void
}): TransactionLimit {
  const { timeoutMs, isOpen, rollBack } = options
  let timer: NodeJS.Timeout | undefined
  let limited = true
  let expired = false

  const stop = () => {
    clearTimeout(timer)
    timer = undefined
  }
  const expire = () => {
    timer = undefined
    if (!isOpen()) return
    rollBack()
    expired = true
  }
  const watch = () => {
    if (!isOpen() || !limited) return stop()
    timer ??= setTimeout(expire, timeoutMs)
  }
  return {
    watch,
    refusal(frame) {
      if (!expired) return undefined
      const { answer, ended } = refuse(frame, timeoutMs)
      if (ended) expired = false
      return answer
    },
    forget() {
      stop()
      expired = false
    },
    turn(on) {
      limited = on
      watch()
    },
  }
}

/**
 * ROLLBACK is obeyed and COMMIT fails; both end it. ROLLBACK TO is obeyed without an end, or TypeORM
 * would never send the ROLLBACK around it. Anything else fails as in a failed transaction.
 */
function refuse(frame: Uint8Array, timeoutMs: number): { answer: Uint8Array; ended: boolean } {
  const sent = [...messages(frame)]
  const statement = sent.map(statementOf).find((sql) => sql !== undefined) ?? ''
  const rollback = /^\s*(?:rollback|abort)\b(?<to>.*\bto\b)?/is.exec(statement)
  const ended = (rollback && !rollback.groups?.to) || /^\s*(commit|end)\b/i.test(statement)
  const ready = readyForQuery(ended ? 'I' : 'E')
  if (rollback) {
    const simple = sent.some(({ type }) => type === 'Q')
    const before = simple ? [] : [parseComplete, bindComplete, noData]
    return { answer: Buffer.concat([...before, commandComplete('ROLLBACK'), ready]), ended }
  }
  const { meaning, remedy } = errorTable['transaction-too-long']
  const error = errorResponse(
    sqlState,
    `transaction-too-long: ${meaning} The limit is ${timeoutMs} ms. ${remedy}`,
  )
  return { answer: Buffer.concat([error, ready]), ended }
}
