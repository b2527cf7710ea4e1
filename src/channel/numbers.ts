/** 24 days: a timer of Node.js that is set for longer than 2^31-1 ms fires at once. */
const longestMs = 2_147_000_000

/**
 * What is wrong with a time that something may take, or `undefined`. There is room for what is added
 * to it: a timer may be set for a little more.
 */
export function timeoutProblem(ms: unknown): string | undefined {
  if (typeof ms === 'number' && ms > 0 && ms <= longestMs) return undefined
  return `must be a number greater than 0, and ${longestMs} (24 days) at most`
}

/** The time, if it is one. The text thrown says what is wrong. */
export function checkTimeout(ms: unknown): number {
  const problem = timeoutProblem(ms)
  if (problem !== undefined) throw new Error(problem)
  return ms as number
}

/** What is wrong with a number of things, one at least, or `undefined`. */
export function countProblem(count: unknown): string | undefined {
  if (Number.isInteger(count) && (count as number) > 0) return undefined
  return 'must be a whole number greater than 0'
}
