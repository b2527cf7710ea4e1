import type { Backends } from '../channel/backends.ts'
import { toError } from '../errors.ts'
import { backendBucket } from './bucket.ts'
import { type Executor, now, type Outbox } from './outbox.ts'

/** The health of the members of composite backends, as the database has it. */
export interface Health {
  /** Reads what other workers found out. */
  refresh(): Promise<void>
  /** What one try over a channel is given. */
  of(channel: string, took: (backend: string) => void): Backends
}

interface State {
  failures: number
  /** Milliseconds since 1970, by this process's clock; 0: up. */
  probeAt: number
  /** Until then a message of this process counts as the probe that is under way; 0: none. */
  probingUntil: number
}

const longestFactor = 20
/** A probe that says nothing for so long is given up. */
const probeMs = 60_000

const select = (o: Outbox) => `
  SELECT name, failures,
    greatest(0, extract(epoch FROM blocked_until - ${now(1)}) * 1000)::float8 AS "downForMs"
  FROM ${o.schema}.bucket
  WHERE name LIKE 'backend:%' AND (failures > 0 OR blocked_until IS NOT NULL)`

/** One more failure; from so many on the member is down, each time twice as long. */
const countFailure = (o: Outbox) => `
  INSERT INTO ${o.schema}.bucket AS b (name, refilled_at, failures, blocked_until)
  VALUES ($2, ${now(1)}, 1, CASE WHEN $3::int <= 1 OR $5::float8 IS NOT NULL
    THEN ${now(1)} + coalesce($5, $4::float8) * interval '1 ms' END)
  ON CONFLICT (name) DO UPDATE
  SET failures = b.failures + 1,
    blocked_until = CASE
      WHEN $5 IS NOT NULL THEN greatest(b.blocked_until, ${now(1)} + $5 * interval '1 ms')
      WHEN b.failures + 1 >= $3 THEN ${now(1)} + interval '1 ms' *
        least($4 * ${longestFactor}, $4 * 2 ^ least(10, b.failures + 1 - $3))
      ELSE b.blocked_until END
  RETURNING failures,
    greatest(0, extract(epoch FROM blocked_until - ${now(1)}) * 1000)::float8 AS "downForMs"`

interface Row {
  readonly failures: number
  readonly downForMs: number | null
}

/** The members of one channel, as one try sees them. A class: most tries never look at it. */
class Members implements Backends {
  readonly #members: Backends
  readonly #channel: string
  readonly #took: (backend: string) => void

  constructor(members: Backends, channel: string, took: (backend: string) => void) {
    this.#members = members
    this.#channel = channel
    this.#took = took
  }

  isUp(backend: string): boolean {
    return this.#members.isUp(backendBucket(this.#channel, backend))
  }

  probeAt(backend: string): number {
    return this.#members.probeAt(backendBucket(this.#channel, backend))
  }

  took(backend: string): void {
    this.#members.took(backendBucket(this.#channel, backend))
    this.#took(backend)
  }

  failed(backend: string, limits: Parameters<Backends['failed']>[1]): Promise<void> {
    return this.#members.failed(backendBucket(this.#channel, backend), limits)
  }

  succeeded(backend: string): Promise<void> {
    return this.#members.succeeded(backendBucket(this.#channel, backend))
  }
}

/** Nothing that fails here may change how a try ends: what was sent is sent. */
export function createHealth(o: Outbox, db: Executor, onError: (error: Error) => void): Health {
  /** Where no channel has a backend made of backends, nobody asks, and nothing is read. */
  let asked = true
  /** How often this process itself found something out: what was read meanwhile is older. */
  let found = 0
  let states = new Map<string, State>()
  const toState = ({ failures, downForMs }: Row, probingUntil: number): State => ({
    failures,
    probeAt: downForMs === null ? 0 : Date.now() + downForMs,
    probingUntil,
  })
  const failed = async (name: string, limits: Parameters<Backends['failed']>[1]) => {
    const { failures = 3, downMs = 30_000, pauseMs } = limits
    const [row] = await db.execute<Row & Record<string, unknown>>(countFailure(o), [
      o.clockOffsetMs(),
      name,
      failures,
      downMs,
      pauseMs ?? null,
    ])
    found += 1
    states.set(name, toState(row!, 0))
  }
  const succeeded = async (name: string) => {
    if (!states.has(name)) return
    states.delete(name)
    await db.execute(
      `UPDATE ${o.schema}.bucket SET failures = 0, blocked_until = NULL WHERE name = $1`,
      [name],
    )
    found += 1
  }
  const members: Backends = {
    isUp(name) {
      asked = true
      const state = states.get(name)
      if (!state || state.probeAt === 0) return true
      return state.probingUntil <= Date.now() && state.probeAt <= Date.now()
    },
    probeAt: (name) => states.get(name)?.probeAt ?? 0,
    took(name) {
      const state = states.get(name)
      if (state && state.probeAt > 0) state.probingUntil = Date.now() + probeMs
    },
    failed: (name, limits) => failed(name, limits).catch((thrown) => onError(toError(thrown))),
    succeeded: (name) => succeeded(name).catch((thrown) => onError(toError(thrown))),
  }
  return {
    async refresh() {
      if (!asked) return
      asked = false
      const before = found
      const rows = await db.execute<Row & { name: string }>(select(o), [o.clockOffsetMs()])
      if (found !== before) {
        asked = true
        return
      }
      const probing = (name: string) => states.get(name)?.probingUntil ?? 0
      states = new Map(rows.map((row) => [row.name, toState(row, probing(row.name))]))
    },
    of: (channel, took) => new Members(members, channel, took),
  }
}
