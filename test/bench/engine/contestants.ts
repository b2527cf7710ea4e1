/** The bench's half of a contestant: starts its process and gives it orders, see baseline/common.ts. */
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Calls, Channel, Effort, Order, Site } from '../baseline/common.ts'

export const contestants = {
  envoyer: './envoyer.ts',
  ordinary: '../baseline/ordinary.ts',
  tuned: '../baseline/tuned.ts',
  'tuned-outbox': '../baseline/tuned-outbox.ts',
} as const
export type Name = keyof typeof contestants
export const names = Object.keys(contestants) as Name[]

/** What all contestants share. */
export type Place = Omit<Site, 'schema' | 'channel'>

export interface Running {
  readonly name: Name
  readonly schema: string
  work(): Promise<void>
  flood(count: number): Promise<Effort>
  enqueue(count: number): Promise<Effort>
  settle(count: number): Promise<Effort>
  singles(order: Omit<Extract<Order, { do: 'singles' }>, 'do'>): Promise<Calls>
  sent(): Promise<number>
  /** Ends it; gives its peak memory in bytes. */
  close(): Promise<number>
}

type Answer = { readonly answer: unknown } | { readonly error: string }

const running = new Set<ChildProcess>()

export interface StartOptions {
  /** Default: a new one. */
  readonly schema?: string
  /** Arguments of node: a profile, say. */
  readonly nodeArgs?: readonly string[]
}

export async function start(
  name: Name,
  channel: Channel,
  place: Place,
  options: StartOptions = {},
): Promise<Running> {
  const schema = options.schema ?? `bench_${randomBytes(6).toString('hex')}`
  const site: Site = { ...place, channel, schema }
  const path = fileURLToPath(new URL(contestants[name], import.meta.url))
  const child = fork(path, [JSON.stringify(site)], {
    execArgv: [...process.execArgv, ...(options.nodeArgs ?? [])],
    // Standard output is the bench's own.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const answer = async <T>(): Promise<T> => {
    const ended = new AbortController()
    const exit = () => ended.abort(new Error(`${name} ended`))
    child.once('exit', exit)
    try {
      const [given] = (await once(child, 'message', { signal: ended.signal })) as [Answer]
      if ('error' in given) throw new Error(`${name}, ${channel}: ${given.error}`)
      return given.answer as T
    } finally {
      child.off('exit', exit)
    }
  }
  const ask = <T>(order: Order): Promise<T> => {
    child.send(order)
    return answer<T>()
  }
  await answer()
  return {
    name,
    schema,
    work: () => ask({ do: 'work' }),
    flood: (count) => ask({ do: 'flood', count }),
    enqueue: (count) => ask({ do: 'enqueue', count }),
    settle: (count) => ask({ do: 'settle', count }),
    singles: (order) => ask({ do: 'singles', ...order }),
    sent: () => ask({ do: 'sent' }),
    async close() {
      const exited = once(child, 'exit')
      const bytes = await ask<number>({ do: 'close' })
      await exited
      return bytes
    },
  }
}

/** After a failure. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}
