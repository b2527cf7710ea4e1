import { AsyncResource } from 'node:async_hooks'
import type { Claim } from '../outbox/claim.ts'
import type { Claimed } from '../outbox/claimed.ts'
import { createPlaces } from './places.ts'
import { createRounds, type Look } from './rounds.ts'

export interface ChannelLoopOptions {
  /** How many deliveries are in flight at most. */
  readonly concurrency: number
  /** How many of those places only urgent deliveries may take. */
  readonly reserved: number
  claim(look: Look): Promise<Claim>
  claimAlone(): Promise<Claimed | undefined>
  /** Shared by the loops of a process: one delivery at a time is sent alone. */
  readonly solo: Solo
  /** Sends one and settles it; never rejects. */
  start(claimed: Claimed, claimedAt: number): Promise<void>
}

/** Whether some channel is sending a delivery alone just now. */
export interface Solo {
  taken: boolean
}

export interface ChannelLoop {
  /**
   * Claims and starts until nothing is due; false where nothing was. Called while it runs, it looks
   * again at once.
   */
  run(): Promise<boolean>
  /**
   * Keeps a place for a delivery that is about to be written, where nothing waits here; it is filled
   * with what became of it, or with nothing.
   */
  reserve(): ((claimed: Claimed | undefined, claimedAt: number) => void) | undefined
  /** False where nothing but urgent deliveries has a place. */
  hasRoom(): boolean
  /** There are deliveries to be sent alone. */
  wakeAlone(): void
  /** Claims no more; resolves when nothing is in flight. */
  stop(): Promise<void>
}

/** How soon to ask again whether it is this channel's turn to send alone. */
const soloPauseMs = 25
/** How long what was claimed has for its start, before it is looked whether there is more. */
const startMs = 5
/** How long a free place waits for others before a claim is made for it alone. */
const gatherMs = 50

/**
 * Keeps a channel's places filled. While there is a backlog it claims when half of the places are
 * free, or after a moment: claims are cheaper in chunks.
 */
export function createChannelLoop(options: ChannelLoopOptions): ChannelLoop {
  const { concurrency, reserved, solo } = options
  const places = createPlaces(concurrency)
  const rounds = createRounds(options.claim)
  /** What is active where `send` was called (a request, a span) is not the worker's. */
  const startApart = AsyncResource.bind(options.start)
  let stopping = false
  let running: Promise<boolean> | undefined
  /** Something may have become due since the last claim, perhaps something urgent. */
  let woken = false
  let gatherUntil: number | undefined
  let alone = false
  let aloneNotBefore = 0

  const aloneIsNext = () => alone && !solo.taken && performance.now() >= aloneNotBefore
  /** Sends one delivery with nothing beside it, then lets the others have as long. */
  const runAlone = async () => {
    const claimedAt = performance.now()
    const claimed = await options.claimAlone()
    if (claimed === undefined) alone = false
    else await places.take(options.start(claimed, claimedAt))
    aloneNotBefore = performance.now() + (performance.now() - claimedAt)
  }
  let found = false
  const claimSome = async (): Promise<boolean> => {
    const claimedAt = performance.now()
    const limit = places.free()
    const ordinaryLimit = Math.max(0, limit - reserved)
    const { claimed, more } = await rounds.claim({ limit, ordinaryLimit })
    found ||= claimed.length > 0
    for (const each of claimed) void places.take(options.start(each, claimedAt))
    // There was hardly more than this: a single message is not to share its way with another claim.
    if (more && claimed.length > 0 && claimed.length < limit / 2 && !woken && !stopping)
      await places.changed(startMs)
    return more
  }
  /** Waits where a claim would be made too early; true where it did. */
  const waited = async (): Promise<boolean> => {
    const free = places.free()
    if (free === 0 || (free <= reserved && !woken)) await places.changed()
    else if (!woken && free - reserved < (concurrency - reserved) / 2) {
      gatherUntil ??= performance.now() + gatherMs
      const leftMs = gatherUntil - performance.now()
      if (leftMs <= 0) return false
      await places.changed(leftMs)
    } else return false
    return true
  }
  const work = async () => {
    found = false
    while (!stopping) {
      // Its turn may come between any two looks at the clock: this one decides, and with it whether
      // something is still in flight.
      if (aloneIsNext()) {
        await (places.idle() ? holding(solo, runAlone) : places.changed())
        continue
      }
      if (await waited()) continue
      gatherUntil = undefined
      woken = false
      if ((await claimSome()) || woken) continue
      if (!alone || stopping) return found
      const untilAlone = aloneNotBefore - performance.now()
      await places.changed(Math.max(solo.taken ? soloPauseMs : 1, untilAlone))
    }
    return found
  }
  return {
    async run() {
      woken = true
      rounds.disturb()
      places.ring()
      // One loop does all; a ticket that comes meanwhile only makes it look again.
      if (running || stopping) return true
      running = work().finally(() => {
        running = undefined
      })
      return running
    },
    reserve() {
      const waits = running !== undefined || stopping || alone || solo.taken
      if (waits || places.free() <= reserved) return undefined
      let end: (sent: Promise<void> | undefined) => void = () => {}
      const filled = new Promise<void>((resolve) => {
        end = (sent) => resolve(sent)
      })
      void places.take(filled)
      return (claimed, claimedAt) => end(claimed && startApart(claimed, claimedAt))
    },
    hasRoom: () => places.free() > reserved,
    wakeAlone() {
      alone = true
      places.ring()
    },
    async stop() {
      stopping = true
      places.ring()
      // A claim under way may still bring some.
      await running?.catch(() => false)
      await places.emptied()
    },
  }
}

/** Two channels never send alone at once: what kills the process would take the other's down too. */
async function holding(solo: Solo, work: () => Promise<void>): Promise<void> {
  solo.taken = true
  try {
    await work()
  } finally {
    solo.taken = false
  }
}
