import type { Queue } from '../queue/contract.ts'

/**
 * Where `queueChecks` tries a queue: what lies under it (a database, Redis, nothing), and how a
 * queue over it is made.
 */
export interface QueueSite<Place> {
  /** A place of its own, with no tickets in it. Called once for each check. */
  start(): Place | Promise<Place>
  stop(place: Place): unknown
  /** A new queue, as each process has one. `onError` is told what goes wrong in the background. */
  queue(place: Place, onError: (error: Error) => void): Queue
  /** A ticket put into one queue of a place reaches consumers of the others. */
  readonly shared: boolean
  /** Takes away what lies under the queues. `null`: there is nothing that could be. */
  readonly cut: ((place: Place) => unknown) | null
  /** How long something may take that is to happen. Default 10,000 ms. */
  readonly patienceMs?: number
}
