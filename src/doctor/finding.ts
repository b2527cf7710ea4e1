import type { BackendCheck, Observation } from '../channel/backend.ts'
import { codeOf, EnvoyerError, errorTable, toError } from '../errors.ts'
import { inTime } from '../time-limit.ts'

/** What `doctor` has found at one thing of the set-up. */
export interface Finding extends Observation {
  /**
   * A stable name: `configuration`, `database`, `schema`, `notify`, `prepared-statements`, `clock`,
   * `secret-key`, `redis`, `templates`, `backend:email` (the channel), and those of backends: `dkim`,
   * `unsubscribe`.
   */
  readonly check: string
  readonly tookMs: number
}

export interface Check extends BackendCheck {
  /** What to do where it throws. Default: what the error itself says. */
  readonly remedy?: string
  readonly limitMs?: number
}

/** How long a check may take, where it says nothing else. */
export const usualLimitMs = 5000

/** Runs one check. What it throws is found wrong; one that hangs is left alone. */
export async function runCheck(
  { name, look, remedy, limitMs }: Check,
  hide: (text: string) => string,
): Promise<Finding> {
  const began = performance.now()
  const seen = await withinLimit(look, limitMs).catch((thrown) => ofError(toError(thrown), remedy))
  return {
    check: name,
    level: seen.level,
    message: hide(seen.message),
    ...(seen.remedy === undefined ? {} : { remedy: hide(seen.remedy) }),
    tookMs: Math.round(performance.now() - began),
  }
}

/** Rejects where it takes longer than the limit. */
export async function withinLimit<T>(work: () => Promise<T>, limitMs = usualLimitMs): Promise<T> {
  return inTime(limitMs, work(), () => new Error(`There was no answer within ${limitMs / 1000} s.`))
}

function ofError(error: Error, remedy: string | undefined): Observation {
  if (!(error instanceof EnvoyerError)) {
    return { level: 'error', message: error.message, ...(remedy === undefined ? {} : { remedy }) }
  }
  const known = errorTable[error.code]
  const message = [known.meaning, ...error.problems].join(' ')
  return { level: 'error', message, remedy: known.remedy }
}

/** PostgreSQL has said that there is no such table. */
export const isTableMissing = (thrown: unknown) => codeOf(thrown, '') === '42P01'
