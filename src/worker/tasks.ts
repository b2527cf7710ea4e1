import type { Database } from '../database/contract.ts'
import { toError } from '../errors.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { addTasks, type ClaimedTask, claimTask, endTask, renewTask } from '../outbox/task-row.ts'
import { repeat } from './repeat.ts'

/** What comes round, and is done once across all workers. */
export interface Task {
  readonly name: string
  readonly everyMs: number
  /** Ends early once the signal is aborted: the worker stops, or another one has the task. */
  run(signal: AbortSignal): Promise<void>
}

export interface TaskTimes {
  /** How often a worker looks whether one is due. Default 15 s. */
  readonly lookEveryMs?: number
  /** How long a task stays ours without a sign of life. Default 60 s. */
  readonly leaseMs?: number
  /** When a task that failed is tried again, at the latest. Default 5 min. */
  readonly againMs?: number
}

export interface TaskParts extends TaskTimes {
  readonly outbox: Outbox
  readonly database: Database
  readonly tasks: readonly Task[]
  onError(error: Error): void
}

/** The tasks of one worker. */
export interface Tasks {
  /** Waits for what is under way to end early; it is due at once for the next worker. */
  stop(): Promise<void>
}

/**
 * Looks for tasks that are due, and does them one after the other, beside the deliveries. The lease of
 * one whose worker dies ends, and another worker takes it.
 */
export function createTasks(parts: TaskParts): Tasks {
  const { outbox, database, tasks, onError } = parts
  const { lookEveryMs = 15_000, leaseMs = 60_000, againMs = 300_000 } = parts
  const names = tasks.map(({ name }) => name)
  const stopping = new AbortController()
  let known = false

  const doOne = async (claimed: ClaimedTask): Promise<void> => {
    const task = tasks.find(({ name }) => name === claimed.name)!
    const held = holdTask(parts, claimed, leaseMs)
    const signal = AbortSignal.any([stopping.signal, held.signal])
    let delayMs = task.everyMs
    try {
      await task.run(signal)
      if (signal.aborted) delayMs = 0
    } catch (thrown) {
      delayMs = Math.min(againMs, task.everyMs)
      onError(
        new Error(`The task ${task.name} failed: ${toError(thrown).message}`, { cause: thrown }),
      )
    }
    const last = await held.stop()
    if (last) await endTask(outbox, database, last, delayMs)
  }
  const look = async (): Promise<void> => {
    if (!known) await addTasks(outbox, database, names)
    known = true
    while (!stopping.signal.aborted) {
      const claimed = await claimTask(outbox, database, names, leaseMs)
      if (claimed === undefined) return
      await doOne(claimed)
    }
  }
  const looks = repeat(lookEveryMs, look, onError)
  looks.now()
  return {
    async stop() {
      stopping.abort()
      await looks.stop()
    },
  }
}

/** Keeps the lease of a task alive, every third of its length. */
function holdTask({ outbox, database, onError }: TaskParts, claimed: ClaimedTask, leaseMs: number) {
  const lost = new AbortController()
  let mine: ClaimedTask | undefined = claimed
  const renew = async () => {
    if (mine === undefined) return
    mine = await renewTask(outbox, database, mine, leaseMs)
    if (mine === undefined) lost.abort()
  }
  const renewals = repeat(leaseMs / 3, renew, onError)
  return {
    signal: lost.signal,
    /** Gives the lease as it is at the end; `undefined` where it was lost. */
    async stop() {
      await renewals.stop()
      return mine
    },
  }
}
