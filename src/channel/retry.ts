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
 * Anything that is not a finite number of at least 0 counts as `null`.
 */
export type RetryPolicy = (failure: Failure) => number | null

interface Limits {
  /** Tries in all, the first one included. */
  readonly tries?: number
  /** Give up once this long after the delivery first became due. */
  readonly forMs?: number
  /** Spreads each delay by up to this share of itself, both ways. Default 0.2. */
  readonly jitter?: number
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
  return limited(limits, (attempt) => delaysMs[attempt - 1])
}

/** The same delay each time. Needs `tries` or `forMs`. */
export function fixed(options: { delayMs: number } & Bounded): RetryPolicy {
  return limited(options, () => options.delayMs)
}

/** `baseMs`, 2 × `baseMs`, 3 × `baseMs`, … up to `maxMs`. Needs `tries` or `forMs`. */
export function linear(options: { baseMs: number; maxMs?: number } & Bounded): RetryPolicy {
  const { baseMs, maxMs = Number.POSITIVE_INFINITY } = options
  return limited(options, (attempt) => Math.min(baseMs * attempt, maxMs))
}

/** `baseMs`, × `factor` (default 2) each time, up to `maxMs`. Needs `tries` or `forMs`. */
export function exponential(
  options: { baseMs: number; factor?: number; maxMs?: number } & Bounded,
): RetryPolicy {
  const { baseMs, factor = 2, maxMs = Number.POSITIVE_INFINITY } = options
  return limited(options, (attempt) => Math.min(baseMs * factor ** (attempt - 1), maxMs))
}

type Bounded = Limits & ({ tries: number } | { forMs: number })

const minute = 60_000
const hour = 60 * minute

/** 1 min, 5 min, 15 min, 1 h, 4 h, ±20 %, then failed. */
export const defaultRetry = delays([minute, 5 * minute, 15 * minute, hour, 4 * hour])
