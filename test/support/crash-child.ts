import { type ChildProcess, fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type {
  Acknowledged,
  ChildSettings,
  FromChild,
  ToChild,
  WorkSettings,
} from './crash-messages.ts'

const answerMs = 60_000

/** How a process ended: its exit code, or the signal that ended it. */
export type End = number | NodeJS.Signals

/** A process of a crash test, seen from the test. */
export interface CrashChild {
  readonly name: string
  readonly pid: number
  /** What `send` returned for. */
  readonly acknowledged: readonly Acknowledged[]
  /** Calls of `send` that have neither returned nor thrown. */
  readonly unacknowledged: number
  /** What `send` threw. */
  readonly refused: readonly string[]
  /** Errors inside Envoyer. */
  readonly problems: readonly string[]
  open(): Promise<void>
  work(settings?: WorkSettings): Promise<void>
  /** Sends until it is killed or told to hold, or `sends` times in each of two rows. */
  send(options?: { sends?: number; big?: boolean; listing?: boolean }): void
  sendTo(channel: 'webhook' | 'other', paths: readonly string[]): Promise<void>
  /** Begins no more calls of `send`; resolves when those under way have returned or thrown. */
  hold(): Promise<void>
  /** Counts anew. Of one that holds, since what is under way would be counted wrongly. */
  forget(): void
  /** Runs a statement through the process's own database and gives its rows. */
  ask<Row>(sql: string): Promise<Row[]>
  /** Resolves when all that `send` was to do is done. */
  sentAll(): Promise<void>
  /** Has it close, and end by itself. */
  close(): void
  kill(signal?: NodeJS.Signals): void
  /** Resolves when the process is gone. */
  readonly ended: Promise<End>
}

const alive = new Set<ChildProcess>()

/** Ends what a failed test has left running. */
export async function killChildren(): Promise<void> {
  const ends = [...alive].map((child) => new Promise((resolve) => child.once('exit', resolve)))
  for (const child of alive) child.kill('SIGKILL')
  await Promise.all(ends)
}

/** Starts a process of `program` (`crash-program.ts`); it does nothing until it is told. */
export function startChild(program: string, settings: ChildSettings): CrashChild {
  const child = fork(program, [JSON.stringify(settings)], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  alive.add(child)
  const state = { acknowledged: [] as Acknowledged[], refused: [] as string[] }
  const problems: string[] = []
  const seen = new Map<string, number>()
  const answers = new Map<number, { resolve(rows: never[]): void; reject(error: Error): void }>()
  const watchers = new Set<() => void>()
  let stderr = ''
  let end: End | undefined
  let asked = 0

  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-4000)
  })
  child.on('message', (message: FromChild) => {
    if (message.type === 'acknowledged') state.acknowledged.push(message)
    else if (message.type === 'refused') state.refused.push(message.text)
    else if (message.type === 'problem') problems.push(message.text)
    else if (message.type === 'answer') answers.get(message.id)?.resolve(message.rows as never[])
    else if (message.type === 'unanswered') {
      answers.get(message.id)?.reject(new Error(message.text))
    }
    seen.set(message.type, (seen.get(message.type) ?? 0) + 1)
    for (const look of watchers) look()
  })
  // Also where it could not be started at all.
  child.on('error', (error) => problems.push(String(error)))
  // What it said last may be read after its exit is known.
  const silent = new Promise((resolve) => child.once('disconnect', resolve))
  const ended = new Promise<End>((resolve) => {
    child.once('exit', async (code, signal) => {
      alive.delete(child)
      await silent
      end = signal ?? code ?? 0
      for (const { reject } of answers.values()) reject(new Error(describe('was asked')))
      for (const look of watchers) look()
      resolve(end)
    })
  })

  const describe = (what: string) =>
    `${settings.name} (${end === undefined ? 'running' : `ended by ${end}`}) ${what}` +
    [...problems, stderr].map((text) => `\n${text}`).join('')
  const tell = (message: ToChild) => {
    if (child.connected) child.send(message, () => {})
  }
  /** Waits for the nth message of a type. */
  const heard = (type: FromChild['type'], times = 1): Promise<void> =>
    new Promise((resolve, reject) => {
      const stop = () => {
        watchers.delete(look)
        clearTimeout(timer)
      }
      const look = () => {
        if ((seen.get(type) ?? 0) >= times) resolve(stop())
        else if (end !== undefined) reject(new Error(describe(`never was "${type}"`), void stop()))
      }
      const timer = setTimeout(() => {
        stop()
        reject(new Error(describe(`was not "${type}" within ${answerMs} ms`)))
      }, answerMs)
      watchers.add(look)
      look()
    })
  const order = async (message: ToChild, done: FromChild['type']) => {
    await heard('ready')
    tell(message)
    await heard(done)
  }
  return {
    name: settings.name,
    pid: child.pid ?? 0,
    acknowledged: state.acknowledged,
    get unacknowledged() {
      return (seen.get('begun') ?? 0) - state.acknowledged.length - state.refused.length
    },
    refused: state.refused,
    problems,
    open: () => order({ type: 'open' }, 'opened'),
    work: (work = {}) => order({ type: 'work', ...work }, 'working'),
    send: (options = {}) => tell({ type: 'send', ...options }),
    async sendTo(channel, paths) {
      const before = state.acknowledged.length
      tell({ type: 'send-to', channel, paths })
      await heard('acknowledged', before + 1)
    },
    async hold() {
      const before = seen.get('sent-all') ?? 0
      tell({ type: 'hold' })
      await heard('sent-all', before + 1)
    },
    forget() {
      for (const list of [state.acknowledged, state.refused, problems]) list.length = 0
      seen.delete('begun')
    },
    ask<Row>(sql: string) {
      return new Promise<Row[]>((resolve, reject) => {
        if (end !== undefined) return reject(new Error(describe('was asked')))
        const id = ++asked
        answers.set(id, { resolve: resolve as (rows: never[]) => void, reject })
        tell({ type: 'ask', id, sql })
      })
    },
    sentAll: () => heard('sent-all'),
    close: () => tell({ type: 'close' }),
    kill: (signal = 'SIGKILL') => void child.kill(signal),
    ended,
  }
}

/** Waits until `done` holds; fails with what `describe` says after `timeoutMs`. */
export async function eventually(
  done: () => Promise<boolean> | boolean,
  describe: () => Promise<string> | string,
  { timeoutMs = 20_000, everyMs = 25 } = {},
): Promise<void> {
  const until = performance.now() + timeoutMs
  while (!(await done())) {
    if (performance.now() > until) throw new Error(`${await describe()} (after ${timeoutMs} ms)`)
    await sleep(everyMs)
  }
}
