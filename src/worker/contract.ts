import type { Claimed } from '../outbox/claimed.ts'
import type { Lost } from '../outbox/hold.ts'
import type { Outcome } from '../outbox/settle.ts'

/** A worker's grip on one delivery while it is being sent. */
export interface Hold {
  /** Aborted when the try's time is up or the worker must stop. Made when it is first asked for. */
  readonly signal: AbortSignal
  /** Calls back when that happens, or at once where it has; whoever asks last. */
  onAbort(call: (reason: Error) => void): void
  /** False once the lease was lost: then somebody else has it, and it must not be sent here. */
  held(): boolean
  /** The database's time, or a moment before it: never past an opening that is still to come. */
  now(): Date
}

/** What became of a delivery; `undefined`: it was not tried, and goes back as it was. */
export type Deliver = (claimed: Claimed, hold: Hold) => Promise<Outcome | undefined>

/** Told what workers do. It must not throw, and it is called where every microsecond counts. */
export interface Watch {
  claimed(channel: string, count: number, tookMs: number): void
  /** Written down, and ours to write. */
  settled(ended: Ended): void
  /** A chunk was written down. */
  wrote(tookMs: number): void
  /** Its worker did not come back. */
  lost(delivery: Lost): void
}

/** What became of a delivery, with what is needed to tell of it. */
export interface Ended {
  readonly outcome: Outcome
  readonly about: Claimed | Lost
}
