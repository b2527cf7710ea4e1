import type { Configuration } from '../option/configuration.ts'
import { keepingOf } from '../option/keeping.ts'
import { prune } from '../outbox/prune.ts'
import { tidy } from '../outbox/task-row.ts'
import { packageVersion } from '../package-version.ts'
import { endsWithin } from '../time-limit.ts'
import { createPresence, type Presence } from '../worker/presence.ts'
import { createTasks, type Task } from '../worker/tasks.ts'
import type { LocalWorker } from '../worker/worker.ts'
import type { Opened } from './open.ts'

const hourMs = 3_600_000

export interface BesideParts {
  readonly configuration: Configuration
  readonly opened: Opened
  onError(error: Error): void
}

/** What comes round, a line each. */
function tasksOf({ configuration, opened }: BesideParts): Task[] {
  const { outbox, database } = opened
  const { prune: keeping } = configuration
  const pruneOld = async (signal: AbortSignal) => {
    if (keeping) await prune(outbox, database, keepingOf(keeping), { signal })
  }
  return [
    { name: 'tidy', everyMs: hourMs, run: () => tidy(outbox, database) },
    ...(keeping ? [{ name: 'prune', everyMs: 24 * hourMs, run: pruneOld }] : []),
  ]
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
