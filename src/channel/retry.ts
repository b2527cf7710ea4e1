import { EnvoyerError } from '../errors.ts'

/** What a retry policy is asked after a failed try. */
export interface Failure {
  /** 1 after the first try. */
  readonly attempt: number
  /** Since the delivery first became due. */
  readonly elapsedMs: number
  readonly error: Error
}

/**
 * Returns how long to wait before the next try, in milliseconds, or `null` to give up.
 * Anything that is not a finite number of at least 0 counts as `null`, and is noted with the try.
 */
export type RetryPolicy = (failure: Failure) => number | null

interface Limits {
  /** Tries in all, the first one included. */
  readonly tries?: number
  /** Give up once this long after the delivery first became due. */
  readonly forMs?: number
  /** Spreads each delay by up to this share of itself, both ways: 0 to 1. Default 0.2. */
  readonly jitter?: number
}

/** Without its bounds a policy would try for ever, with a wrong number never again: refused at once. */
function checked(name: string, numbers: object, limits: Limits, bounded: boolean): void {
  const problems = Object.entries({ ...numbers, ...limits })
    .filter(([, value]) => value !== undefined && !(typeof value === 'number' && value >= 0))
    .map(
      ([key, value]) => `${name}: \`${key}\` must be a number of 0 or more, not ${String(value)}`,
    )
  // More would make some delays less than nothing, and such a try the last.
  if (limits.jitter !== undefined && limits.jitter > 1) {
    problems.push(`${name}: \`jitter\` must be a number from 0 to 1, not ${limits.jitter}`)
  }
  if (bounded && limits.tries === undefined && limits.forMs === undefined) {
    problems.push(`${name}: needs \`tries\` or \`forMs\``)
  }
  if (problems.length > 0) throw new EnvoyerError('configuration-invalid', problems)
}

function limited(limits: Limits, delayMs: (attempt: number) => number | undefined): RetryPolicy {
  const {
    tries = Number.POSITIVE_INFINITY,
    forMs = Number.POSITIVE_INFINITY,
    jitter = 0.2,
  } = limits
  return ({ attempt, elapsedMs }) => {
    if (attempt >= tries) return null
    const delay = delayMs(attempt)
    if (delay === undefined) return null
    const spread = delay * (1 + jitter * (2 * Math.random() - 1))
    return elapsedMs + spread > forMs ? null : Math.round(spread)
  }
}

/** One delay after each failed try, in order; then the delivery has failed. */
export function delays(
  delaysMs: readonly number[],
  limits: Omit<Limits, 'tries'> = {},
): RetryPolicy {
  if (!Array.isArray(delaysMs)) {
    throw new EnvoyerError('configuration-invalid', 'delays: needs a list of milliseconds')
  }
  checked('delays', { ...delaysMs }, limits, false)
  return limited(limits, (attempt) => delaysMs[attempt - 1])
}

/** The same delay each time. Needs `tries` or `forMs`. */
export function fixed(options: { delayMs: number } & Bounded): RetryPolicy {
  const { delayMs = Number.NaN, ...limits } = options
  checked('fixed', { delayMs }, limits, true)
  return limited(limits, () => delayMs)
}

/** `baseMs`, 2 × `baseMs`, 3 × `baseMs`, … up to `maxMs`. Needs `tries` or `forMs`. */
export function linear(options: { baseMs: number; maxMs?: number } & Bounded): RetryPolicy {
  const { baseMs = Number.NaN, maxMs = Number.POSITIVE_INFINITY, ...limits } = options
  checked('linear', { baseMs, maxMs }, limits, true)
  return limited(limits, (attempt) => Math.min(baseMs * attempt, maxMs))
}

/** `baseMs`, × `factor` (default 2) each time, up to `maxMs`. Needs `tries` or `forMs`. */
export function exponential(
  options: { baseMs: number; factor?: number; maxMs?: number } & Bounded,
): RetryPolicy {
  const { baseMs = Number.NaN, factor = 2, maxMs = Number.POSITIVE_INFINITY, ...limits } = options
  checked('exponential', { baseMs, factor, maxMs }, limits, true)
  return limited(limits, (attempt) => Math.min(baseMs * factor ** (attempt - 1), maxMs))
}

type Bounded = Limits & ({ tries: number } | { forMs: number })

const minute = 60_000
const hour = 60 * minute

/** 1 min, 5 min, 15 min, 1 h, 4 h, ±20 %, then failed. */
export const defaultRetry = delays([minute, 5 * minute, 15 * minute, hour, 4 * hour])
