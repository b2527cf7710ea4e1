import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { typescript } from './typescript.ts'

export interface BulkSettings {
  readonly databaseUrl: string
  readonly schema: string
  /** Recipients of the iterable. */
  readonly count: number
  readonly key: string
}

export interface BulkProgress {
  readonly type: 'progress'
  readonly recipients: number
  readonly deliveries: number
  readonly continued: boolean
  /** What is in use once garbage is collected; not each time. */
  readonly heapBytes?: number | undefined
}

export interface BulkEnd {
  readonly type: 'end'
  readonly notificationId: string
  readonly count: number
  readonly skipped: number
  readonly repeated: boolean
  readonly tookMs: number
  /** The most memory that the process ever had. */
  readonly peakBytes: number
}

export interface BulkRun {
  readonly told: readonly BulkProgress[]
  /** None where it was killed. */
  readonly end: BulkEnd | undefined
  readonly signal: NodeJS.Signals | null
}

const program = fileURLToPath(new URL('../crash/bulk-child.ts', import.meta.url))
/** Of the heap: little more than the program and its loader take. */
const heapMb = 96

/** Runs one `send` in a process with a small heap; `watch` may kill it. */
export function runBulk(
  settings: BulkSettings,
  watch: (progress: BulkProgress, child: ChildProcess) => void = () => {},
): Promise<BulkRun> {
  const child = fork(program, [JSON.stringify(settings)], {
    execArgv: [...typescript, '--expose-gc', `--max-old-space-size=${heapMb}`],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const told: BulkProgress[] = []
  let end: BulkEnd | undefined
  child.on('message', (message: BulkProgress | BulkEnd) => {
    if (message.type === 'end') end = message
    else {
      told.push(message)
      watch(message, child)
    }
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (_code, signal) => resolve({ told, end, signal }))
  })
}
