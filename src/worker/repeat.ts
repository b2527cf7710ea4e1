import { toError } from '../errors.ts'

export interface Repeated {
  /** Does it now, unless it is under way. */
  now(): void
  /** Begins it no more; resolves when what is under way has ended. */
  stop(): Promise<void>
}

/** Does the same again and again, never twice at once. What it throws is told, and it goes on. */
export function repeat(
  everyMs: number,
  work: () => Promise<void>,
  onError: (error: Error) => void,
): Repeated {
  let underWay: Promise<void> | undefined
  const now = () => {
    underWay ??= work()
      .catch((thrown) => onError(toError(thrown)))
      .finally(() => {
        underWay = undefined
      })
  }
  const timer = setInterval(now, everyMs)
  timer.unref()
  return {
    now,
    async stop() {
      clearInterval(timer)
      await underWay
    },
  }
}
