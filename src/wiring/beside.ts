import type { Configuration } from '../option/configuration.ts'
import { keepingOf } from '../option/keeping.ts'
import { prune } from '../outbox/prune.ts'
import { findAbandoned } from '../outbox/reconcile.ts'
import { tidy } from '../outbox/task-row.ts'
import { sealNotification } from '../outbox/write.ts'
import { packageVersion } from '../package-version.ts'
import type { Emitter } from '../signal/signals.ts'
import { endsWithin } from '../time-limit.ts'
import { createPresence, type Presence } from '../worker/presence.ts'
import { createTasks, type Task } from '../worker/tasks.ts'
import type { LocalWorker } from '../worker/worker.ts'
import type { WriteEndedParts } from '../worker/write-ended.ts'
import type { Opened } from './open.ts'

const hourMs = 3_600_000

export interface BesideParts {
  readonly configuration: Configuration
  readonly opened: Opened
  readonly emitter: Emitter
  readonly followUp: WriteEndedParts['followUp']
  onError(error: Error): void
}

/** What comes round, a line each. */
function tasksOf(parts: BesideParts): Task[] {
  const { outbox, database } = parts.opened
  const { prune: keeping } = parts.configuration
  const pruneOld = async (signal: AbortSignal) => {
    if (keeping) await prune(outbox, database, keepingOf(keeping), { signal })
  }
  return [
    { name: 'tidy', everyMs: hourMs, run: () => tidy(outbox, database) },
    { name: 'reconcile', everyMs: hourMs, run: (signal) => reconcile(parts, signal) },
    ...(keeping ? [{ name: 'prune', everyMs: 24 * hourMs, run: pruneOld }] : []),
  ]
}

/** Closes what processes that died have left open, so that it can be completed, and removed. */
async function reconcile(parts: BesideParts, signal: AbortSignal): Promise<void> {
  const { configuration, opened, emitter, followUp } = parts
  const { outbox, database } = opened
  while (!signal.aborted) {
    const ids = await findAbandoned(outbox, database)
    if (ids.length === 0) return
    for (const id of ids) {
      const after = await database.transaction(async (tx) =>
        (await sealNotification(outbox, tx, id, undefined)) ? followUp(tx, [id]) : undefined,
      )
      configuration.log?.warn({ notificationId: id }, 'send abandoned')
      if (!after) continue
      after()
      emitter.emit('notification:completed', { id })
    }
  }
}

/** A worker with what it does beside delivering. */
export interface Beside extends Pick<Presence, 'settled'> {
  readonly worker: LocalWorker
}

/** Says that the worker is there, and does what comes round, until it has stopped. */
export function beside(bare: LocalWorker, parts: BesideParts, channels: readonly string[]): Beside {
  const { opened, onError } = parts
  const { inFlight } = bare
  const version = packageVersion()
  const presence = createPresence({ ...opened, ...{ version, channels, inFlight, onError } })
  const tasks = createTasks({ ...opened, tasks: tasksOf(parts), onError })
  let ending: Promise<void> | undefined
  const end = async () => {
    const idle = tasks.stop()
    await bare.stop()
    // The database may be away, and the process must end: the lease of a task ends by itself.
    await Promise.all([presence.stop(), endsWithin(2000, idle)])
  }
  let resolveStopped: () => void = () => {}
  const stopped = new Promise<void>((resolve) => {
    resolveStopped = resolve
  })
  const stop = () => {
    ending ??= end().finally(resolveStopped)
    return ending
  }
  return { settled: presence.settled, worker: { ...bare, stop, stopped } }
}
