/**
 * What a backend made of backends needs to know of its members. It lives in the database, so that
 * all workers know it, and one that starts anew does not have to learn it again.
 */
export interface Backends {
  /** False while the member is believed to be down; true again when it is time to probe it. */
  isUp(backend: string): boolean
  /** When a member that is down may be probed, in milliseconds since 1970; 0 for one that is up. */
  probeAt(backend: string): number
  /** The member failed. `pauseMs`: it asked to be left alone so long. */
  failed(backend: string, limits: DownLimits & { readonly pauseMs?: number }): Promise<void>
  succeeded(backend: string): Promise<void>
  /** Says which member has the message now; recorded with the try. */
  took(backend: string): void
}

/** When a member counts as down, and for how long. */
export interface DownLimits {
  /** Failures in a row after which a member is left alone. Default 3. */
  readonly failures?: number
  /** How long it is left alone at first; twice as long each time that a probe fails, up to 20 × this. Default 30 s. */
  readonly downMs?: number
}
