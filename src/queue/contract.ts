/** What can be said with a ticket. */
export interface TicketOptions {
  /** The work becomes due only then. Default 0. */
  readonly delayMs?: number
  readonly urgent?: boolean
}

/**
 * Tells workers that a channel has due work. A ticket holds no ids: whoever takes it claims the next
 * chunk from the outbox. So a ticket may be lost or doubled without harm: one too many finds
 * nothing, and workers look by themselves once a second.
 */
export interface Queue {
  /** Never throws and never waits for the network. */
  ticket(channel: string, options?: TicketOptions): void
  /**
   * Calls `handler` for tickets of the channel, at most `concurrency` at once. A ticket that comes
   * while all are busy is handled after one of them, once. Gives the function that stops it, which
   * resolves when no handler runs any more. Where `hasRoom` says no, the handler is called all the
   * same, and others are told, too.
   */
  consume(
    channel: string,
    concurrency: number,
    handler: () => Promise<void>,
    hasRoom?: () => boolean,
  ): Promise<() => Promise<void>>
  close(): Promise<void>
}
