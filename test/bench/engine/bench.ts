/** What the parts of the engine's bench share. */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Calls, Channel } from '../baseline/common.ts'
import { median, type Sink } from '../measure.ts'
import type { Place } from './contestants.ts'

export interface Bench {
  readonly place: Place
  readonly sinks: Readonly<Record<Channel, Sink>>
  readonly quick: boolean
  /** Arguments of node for a contestant. */
  nodeArgs(who: string): readonly string[]
  /** Where it is, for whoever waits. */
  progress(text: string): void
}

/** The values of several rounds. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly all: readonly number[]
}

export function spread(values: readonly number[]): Spread {
  return {
    ...{ median: median(values), min: Math.min(...values), max: Math.max(...values) },
    all: values,
  }
}

/** Milliseconds from the call of `send` to the arrival at the sink. */
export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly count: number
  /** Did not arrive while they were waited for. */
  readonly missing: number
}

export function latency(values: readonly number[], missing = 0): Latency {
  const sorted = [...values, ...Array(missing).fill(Number.POSITIVE_INFINITY)].sort((a, b) => a - b)
  const at = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), max: at(1), count: sorted.length, missing }
}

/** Collects what the sink kept until all have arrived; gives the delays of those that did. */
export async function arrivals(sink: Sink, calls: Calls, withinMs: number) {
  const names = new Set(Object.keys(calls))
  const delays: number[] = []
  const texts: string[] = []
  for (const until = performance.now() + withinMs; ; await sleep(20)) {
    for (const { name, at, text } of await sink.noted()) {
      if (!names.delete(name)) continue
      delays.push(at - calls[name]!)
      texts.push(text)
    }
    if (names.size === 0 || performance.now() > until) return { delays, texts, missing: names.size }
  }
}

export async function withPostgres<T>(
  { place }: Bench,
  work: (query: (sql: string, values?: unknown[]) => Promise<pg.QueryResult>) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: place.databaseUrl })
  await client.connect()
  try {
    return await work((sql, values) => client.query(sql, values))
  } finally {
    await client.end()
  }
}
