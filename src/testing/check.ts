import { AssertionError } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'

/** One rule of a contract, put to the test. Any test runner can run it. */
export interface Check {
  /** What holds where the check passes. */
  readonly name: string
  /** Rejects with an AssertionError that says what was expected, what happened, and the rule. */
  run(): Promise<void>
}

/** Ends a check: `expected …`, and what happened instead. */
export function broken(expected: string, happened: string): never {
  throw new AssertionError({
    message: `Expected: ${expected}.\nWhat happened: ${happened}.`,
    stackStartFn: broken,
  })
}

/** A rule of a contract, and how it is put to the test on a bench. */
export interface Rule<Bench, Site> {
  readonly name: string
  readonly rule: string
  /** Whether the site has what the rule is about. Default: yes. */
  readonly applies?: (site: Site) => boolean
  run(bench: Bench): Promise<void>
}

/** The checks of the rules that apply, each with a bench of its own. */
export function toChecks<Bench extends { close(): Promise<void> }, Site>(
  rules: readonly Rule<Bench, Site>[],
  site: Site,
  createBench: (site: Site) => Promise<Bench>,
): readonly Check[] {
  return rules
    .filter(({ applies }) => applies?.(site) ?? true)
    .map(({ name, rule, run }) => ({
      name,
      async run() {
        const bench = await createBench(site)
        try {
          await run(bench)
        } catch (thrown) {
          throw withRule(thrown, name, rule)
        } finally {
          await bench.close()
        }
      },
    }))
}

/** The same error with the rule that was broken; what is not about the contract goes on unchanged. */
function withRule(thrown: unknown, name: string, rule: string): unknown {
  if (!(thrown instanceof AssertionError)) return thrown
  return new AssertionError({
    message: `Not kept: ${name}.\n${thrown.message}\nThe rule: ${rule}`,
    stackStartFn: withRule,
  })
}

/** What became of a promise within a time. */
export type Ending<T> =
  | { readonly how: 'fulfilled'; readonly value: T }
  | { readonly how: 'rejected'; readonly reason: unknown }
  | { readonly how: 'pending' }

/**
 * Begins something and waits for its end, but not longer than `ms`. Leaves no timer behind, and
 * never rejects.
 */
export async function endingOf<T>(begin: () => T | PromiseLike<T>, ms: number): Promise<Ending<T>> {
  const waiting = new AbortController()
  const ending = await Promise.race([
    Promise.resolve()
      .then(begin)
      .then(
        (value): Ending<T> => ({ how: 'fulfilled', value }),
        (reason: unknown): Ending<T> => ({ how: 'rejected', reason }),
      ),
    sleep(ms, undefined, { signal: waiting.signal }).then(
      (): Ending<T> => ({ how: 'pending' }),
      (): Ending<T> => ({ how: 'pending' }),
    ),
  ])
  waiting.abort()
  return ending
}

/** True as soon as `done` is, false where it is not within `ms`. */
export async function becomes(
  done: () => boolean | Promise<boolean>,
  ms: number,
): Promise<boolean> {
  const deadline = performance.now() + ms
  while (!(await done())) {
    if (performance.now() > deadline) return false
    await sleep(5)
  }
  return true
}

/** What was thrown, for a sentence. */
export function shown(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `${JSON.stringify(thrown)}, which is no Error`
  const { code } = thrown as { code?: unknown }
  return `${thrown.name}${code === undefined ? '' : ` [${String(code)}]`}: ${thrown.message}`
}

/** How something ended, for a sentence. */
export function ended(ending: Ending<unknown>): string {
  if (ending.how === 'pending') return 'it was still pending'
  return ending.how === 'rejected'
    ? `it threw ${shown(ending.reason)}`
    : `it resolved with ${inspect(ending.value, { depth: 3 })}`
}

/** What keeps the process from ending, by kind: sockets, timers, child processes. */
export function openHandles(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}

/** Ends a check where, after a while, more is open than was before. */
export async function nothingMoreOpen(
  before: ReadonlyMap<string, number>,
  expected: string,
  ms: number,
): Promise<void> {
  const more = () => [...openHandles()].filter(([kind, count]) => count > (before.get(kind) ?? 0))
  await becomes(() => more().length === 0, ms)
  const left = more().map(([kind, count]) => `${count - (before.get(kind) ?? 0)} ${kind}`)
  if (left.length > 0) broken(expected, `there is more open than before: ${left.join(', ')}`)
}
