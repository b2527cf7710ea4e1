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
  const { checkpointEveryMs, checkpointWalBytes, vacuumEveryMs, lookEveryMs } = {
    ...defaults,
    ...settings,
  }
  let checkpoints = 0
  let vacuums = 0
  let commandsSeen = 0
  let tables: string[] = []
  let seen = walPosition(session)
  let checkpointed = { at: Date.now(), wal: seen, done: true }
  let vacuumed = { at: Date.now(), done: true }
  let next: NodeJS.Immediate | undefined

  const vacuumOne = () => {
    next = undefined
    const table = tables.pop()
    if (table === undefined || !session.idle()) return
    try {
      session.query(`VACUUM (ANALYZE) ${table}`)
    } catch (error) {
      warn(String(error))
    }
    // What it wrote is to be checkpointed, but is no reason to vacuum once more.
    seen = walPosition(session)
    checkpointed.done = false
    vacuumed = { at: Date.now(), done: true }
    if (tables.length === 0) vacuums++
    // One table at a time, so that a client waits for one at most.
    else next = setImmediate(vacuumOne)
  }
  const look = () => {
    if (!session.idle()) return
    const wal = walPosition(session)
    if (wal > seen) checkpointed.done = vacuumed.done = false
    seen = wal
    const large = wal - checkpointed.wal >= checkpointWalBytes
    const due = Date.now() - checkpointed.at >= checkpointEveryMs
    if (!checkpointed.done && (large || due)) {
      session.query('CHECKPOINT')
      checkpoints++
      seen = walPosition(session)
      checkpointed = { at: Date.now(), wal: seen, done: true }
    }
    if (!vacuumed.done && Date.now() - vacuumed.at >= vacuumEveryMs && !next) {
      tables = ownTables(session, schema)
      next = setImmediate(vacuumOne)
    }
  }
  const guarded = () => {
    try {
      look()
    } catch (error) {
      warn(String(error))
    }
  }
  const timer = setInterval(guarded, lookEveryMs)
  return {
    commanded() {
      if (++commandsSeen % lookEveryCommands === 0) guarded()
    },
    stop() {
      clearInterval(timer)
      if (next) clearImmediate(next)
    },
    get checkpoints() {
      return checkpoints
    },
    get vacuums() {
      return vacuums
    },
  }
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
