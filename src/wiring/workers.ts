import { unknownKeys } from '../channel/known-keys.ts'
import { countProblem, timeoutProblem } from '../channel/numbers.ts'
import { EnvoyerError } from '../errors.ts'
import { endsWithin } from '../time-limit.ts'
import {
  type LocalWorker,
  type Worker,
  type WorkerOptions,
  workerOptionNames,
} from '../worker/worker.ts'
import { stopOnSignals } from './stop-on-signals.ts'

/** How long `stop` waits for workers that are about to start: the database may be away. */
const startMs = 5000

/** The workers of one envoyer. */
export interface Workers {
  /** Those that have started. */
  readonly running: ReadonlySet<LocalWorker>
  /** Whether one runs, or is about to. */
  any(): boolean
  /** Makes the function that starts workers, of what starts one. */
  starting(
    start: (options: WorkerOptions) => Promise<Worker>,
  ): (options?: WorkerOptions) => Promise<Worker>
  /** Starts no more, and stops those that there are. */
  stop(): Promise<void>
}

function optionProblems(options: WorkerOptions): string[] {
  const { channels, concurrency = 1 } = options
  const problems = unknownKeys(options, workerOptionNames)
  // Without a name it would serve nothing, and look as if all were well.
  if (channels !== undefined && !(Array.isArray(channels) && channels.length > 0)) {
    problems.push('`channels` must be a list with at least one name')
  }
  const few = countProblem(concurrency)
  if (few !== undefined) problems.push(`\`concurrency\` ${few}`)
  for (const name of ['graceMs', 'leaseMs', 'pollMs'] as const) {
    const ms = options[name] ?? 1
    // What is in flight may be aborted at once.
    const problem = name === 'graceMs' && ms === 0 ? undefined : timeoutProblem(ms)
    if (problem !== undefined) problems.push(`\`${name}\` ${problem}`)
  }
  return problems
}

/** `close` is what a signal does. */
export function createWorkers(
  close: () => Promise<void>,
  onError: (error: Error) => void,
): Workers {
  const running = new Set<LocalWorker>()
  const begun = new Set<Promise<Worker>>()
  let [stopping, stopped] = [false, false]

  const run = async (starting: Promise<Worker>, stopOn: WorkerOptions['stopOn']) => {
    const worker = await starting
    if (stopped) {
      await worker.stop()
      throw new EnvoyerError('closed', [])
    }
    running.add(worker)
    const release = stopOnSignals(worker, stopOn ?? ['SIGTERM', 'SIGINT'], close, onError)
    void worker.stopped.then(() => {
      running.delete(worker)
      release()
    })
    return worker
  }
  return {
    running,
    any: () => running.size + begun.size > 0,
    starting:
      (start) =>
      async (options = {}) => {
        const problems = optionProblems(options)
        if (problems.length > 0) throw new EnvoyerError('option-invalid', problems)
        if (stopping) throw new EnvoyerError('closed', [])
        const made = run(start(options), options.stopOn)
        begun.add(made)
        return made.finally(() => begun.delete(made))
      },
    async stop() {
      stopping = true
      await endsWithin(startMs, Promise.allSettled(begun))
      stopped = true
      await Promise.all([...running].map((worker) => worker.stop()))
    },
  }
}
