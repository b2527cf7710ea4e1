/** A process of a test that does what it is asked: both ends of it. Everything passes as JSON. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { toError } from '../../src/errors.ts'
import { typescript } from './typescript.ts'

type Asked = { readonly id: number; readonly name: string; readonly given: readonly unknown[] }
type Said =
  | { readonly type: 'ready' }
  | { readonly type: 'told'; readonly what: unknown }
  | { readonly type: 'answer'; readonly id: number; readonly value?: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly text: string }

type Methods = Readonly<Record<string, (...given: never[]) => unknown>>

export interface Remote<M extends Methods, Told> {
  /** Has the process do something, and gives what that gave. */
  ask<Name extends keyof M & string>(
    name: Name,
    ...given: Parameters<M[Name]>
  ): Promise<Awaited<ReturnType<M[Name]>>>
  /** What it told by itself, and when that was heard, by the right clock. */
  readonly told: readonly (Told & { readonly heardAt: number })[]
  kill(signal: NodeJS.Signals): void
  /** How it ended: its exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals>
}

/** Starts `program` of `test/`; `imports` are loaded before it. */
export async function startRemote<M extends Methods, Told extends object>(
  program: string,
  settings: object,
  { imports = [], env = {} }: { imports?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): Promise<Remote<M, Told>> {
  const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url))
  const child = fork(path(program), [JSON.stringify(settings)], {
    execArgv: [...imports.map(path).flatMap((each) => ['--import', each]), ...typescript],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const told: (Told & { heardAt: number })[] = []
  const waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>()
  let asked = 0
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code ?? 0))
  })
  const ready = new Promise<void>((resolve) => {
    child.on('message', (said: Said) => {
      if (said.type === 'ready') resolve()
      else if (said.type === 'told') told.push({ ...(said.what as Told), heardAt: Date.now() })
      else if (said.type === 'failed') waiting.get(said.id)?.reject(new Error(said.text))
      else waiting.get(said.id)?.resolve(said.value as never)
    })
  })
  const gone = ended.then((end) => {
    const error = new Error(`${program} has ended: ${end}`)
    for (const { reject } of waiting.values()) reject(error)
    throw error
  })
  gone.catch(() => {})
  await Promise.race([ready, gone])
  return {
    told,
    ended,
    kill: (signal) => void child.kill(signal),
    ask: (name, ...given) =>
      new Promise((resolve, reject) => {
        const id = ++asked
        waiting.set(id, { resolve, reject })
        child.send({ id, name, given } satisfies Asked)
      }),
  }
}

/** In the process: answers with `methods`. It ends with the test, however that goes. */
export function serve(methods: Methods): void {
  const say = (said: Said) => void process.send?.(said)
  process.on('message', ({ id, name, given }: Asked) => {
    Promise.resolve(given)
      .then((all) => methods[name]!(...(all as never[])))
      .then((value) => say({ type: 'answer', id, value }))
      .catch((thrown) => say({ type: 'failed', id, text: String(toError(thrown).stack) }))
  })
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  say({ type: 'ready' })
}

export function tell(what: object): void {
  process.send?.({ type: 'told', what } satisfies Said)
}

export function settingsOf<T>(): T {
  return JSON.parse(process.argv[2]!) as T
}
