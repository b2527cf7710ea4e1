import { endsWithin } from '../time-limit.ts'
import type { Pulse } from './pulse.ts'

/** What `/health/live` and `/health/ready` answer, as JSON; 503 where `ok` is false. */
export interface Health {
  readonly ok: boolean
  /** Why not, in words of our own: nothing of it is secret. Empty where all is well. */
  readonly reasons: readonly string[]
}

export interface HealthParts {
  /** Of the workers that run in this process. */
  pulses(): readonly Pulse[]
  /** Resolves when the database has answered. */
  database(): Promise<unknown>
}

/** A statement on a dead connection is given up after 15 s; several may follow each other. */
const silentAtMostMs = 60_000
const blindAtMostMs = 10_000
/** The database has so long to answer. */
export const databaseWithinMs = 1000

const seconds = (ms: number) => `${Math.round(ms / 1000)} s`
const toHealth = (reasons: readonly string[]): Health => ({ ok: reasons.length === 0, reasons })

/**
 * Whether the process is worth keeping: its workers go on looking for work. That the database does
 * not answer is no reason to restart it.
 */
export function live({ pulses }: HealthParts): Health {
  const stuck = pulses().filter(
    (pulse) => pulse.silentMs() > Math.max(silentAtMostMs, 10 * pulse.everyMs),
  )
  return toHealth(
    stuck.map((pulse) => `a worker has not looked for work for ${seconds(pulse.silentMs())}`),
  )
}

/** Whether it delivers just now: the database answers, and a worker claims. */
export async function ready(parts: HealthParts): Promise<Health> {
  const reasons: string[] = []
  const pulses = parts.pulses()
  if (pulses.length === 0) reasons.push('no worker runs in this process')
  for (const pulse of pulses) {
    if (pulse.stopping) reasons.push('a worker is stopping')
    else if (pulse.lastSuccessAt() === undefined) {
      reasons.push('a worker has not looked for work yet')
    } else if (pulse.blindMs() > Math.max(blindAtMostMs, 3 * pulse.everyMs)) {
      reasons.push(`a worker has not seen the outbox for ${seconds(pulse.blindMs())}`)
    }
  }
  const answered = await endsWithin(databaseWithinMs, parts.database())
  if (!answered) reasons.push(`the database did not answer within ${seconds(databaseWithinMs)}`)
  return toHealth(reasons)
}
