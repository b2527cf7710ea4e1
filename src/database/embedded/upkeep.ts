import type { UpkeepSettings } from './messages.ts'
import type { Session } from './session.ts'

const defaults: UpkeepSettings = {
  checkpointEveryMs: 5 * 60_000,
  checkpointWalBytes: 64 * 1024 * 1024,
  vacuumEveryMs: 10 * 60_000,
  lookEveryMs: 10_000,
}
/** Writes can outrun the clock: at full speed these are some 10 MB of WAL. */
const lookEveryCommands = 5000

export interface Upkeep {
  /** Is told of every command. */
  commanded(): void
  stop(): void
  readonly checkpoints: number
  readonly vacuums: number
}

/**
 * What a server's checkpointer and autovacuum do. The embedded database has neither: left alone,
 * its WAL grows without end and dead rows are never removed.
 */
export function startUpkeep(
  session: Session,
  schema: string,
  warn: (message: string) => void,
  settings: Partial<UpkeepSettings> = {},
): Upkeep {
  const limits = { ...defaults, ...settings }
  const wal = walPosition(session)
  const now = Date.now()
  const state: State = {
    seen: wal,
    checkpointed: { at: now, wal, done: true },
    vacuumed: { at: now, done: true },
    tables: [],
    next: undefined,
    checkpoints: 0,
    vacuums: 0,
  }
  let commandsSeen = 0
  const look = () => {
    if (!session.idle()) return
    try {
      checkpointIfDue(session, state, limits)
      const due = Date.now() - state.vacuumed.at >= limits.vacuumEveryMs
      if (state.vacuumed.done || !due || state.next) return
      state.tables = ownTables(session, schema)
      state.next = setImmediate(() => vacuumOne(session, state, warn))
    } catch (error) {
      warn(String(error))
    }
  }
  const timer = setInterval(look, limits.lookEveryMs)
  return {
    commanded() {
      if (++commandsSeen % lookEveryCommands === 0) look()
    },
    stop() {
      clearInterval(timer)
      if (state.next) clearImmediate(state.next)
    },
    get checkpoints() {
      return state.checkpoints
    },
    get vacuums() {
      return state.vacuums
    },
  }
}

interface State {
  /** How far the WAL was when last looked at. */
  seen: number
  checkpointed: { at: number; wal: number; done: boolean }
  vacuumed: { at: number; done: boolean }
  /** Still to be vacuumed. */
  tables: string[]
  next: NodeJS.Immediate | undefined
  checkpoints: number
  vacuums: number
}

function checkpointIfDue(session: Session, state: State, limits: UpkeepSettings): void {
  const wal = walPosition(session)
  if (wal > state.seen) state.checkpointed.done = state.vacuumed.done = false
  state.seen = wal
  const large = wal - state.checkpointed.wal >= limits.checkpointWalBytes
  const due = Date.now() - state.checkpointed.at >= limits.checkpointEveryMs
  if (state.checkpointed.done || !(large || due)) return
  session.query('CHECKPOINT')
  state.checkpoints++
  state.seen = walPosition(session)
  state.checkpointed = { at: Date.now(), wal: state.seen, done: true }
}

function vacuumOne(session: Session, state: State, warn: (message: string) => void): void {
  state.next = undefined
  const table = state.tables.pop()
  if (table === undefined || !session.idle()) return
  try {
    session.query(`VACUUM (ANALYZE) ${table}`)
  } catch (error) {
    warn(String(error))
  }
  // What it wrote is to be checkpointed, but is no reason to vacuum once more.
  state.seen = walPosition(session)
  state.checkpointed.done = false
  state.vacuumed = { at: Date.now(), done: true }
  if (state.tables.length === 0) state.vacuums++
  // One table at a time, so that a client waits for one at most.
  else state.next = setImmediate(() => vacuumOne(session, state, warn))
}

function walPosition(session: Session): number {
  const [row] = session.query("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")
  return Number(row?.[0] ?? 0)
}

function ownTables(session: Session, schema: string): string[] {
  const rows = session.query(
    `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = '${schema}'`,
  )
  return rows.map(([name]) => name ?? '')
}
