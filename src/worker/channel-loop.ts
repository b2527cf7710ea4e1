import type { Claim, Claimed } from '../outbox/claim.ts'

export interface ChannelLoopOptions {
  /** How many deliveries are in flight at most. */
  readonly concurrency: number
  /** How many of those places only urgent deliveries may take. */
  readonly reserved: number
  claim(limits: { limit: number; ordinaryLimit: number; afterLane: string | null }): Promise<Claim>
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
  /** Claims and starts until nothing is due. Called while it runs, it looks again at once. */
  run(): Promise<void>
  /** There are deliveries to be sent alone. */
  wakeAlone(): void
  /** Claims no more; resolves when nothing is in flight. */
  stop(): Promise<void>
}

/** How soon to ask again whether it is this channel's turn to send alone. */
const soloPauseMs = 25
/** How long a free place waits for others before a claim is made for it alone. */
const gatherMs = 20

/**
 * Keeps a channel's places filled. While there is a backlog it claims when half of the places are
 * free, or after a moment: claims are cheaper in chunks.
 */
export function createChannelLoop(options: ChannelLoopOptions): ChannelLoop {
  const { concurrency, reserved, solo } = options
  const inFlight = new Set<Promise<void>>()
  let stopping = false
  let running: Promise<void> | undefined
  /** Something may have become due since the last claim, perhaps something urgent. */
  let woken = false
  let gatherUntil: number | undefined
  let change: () => void = () => {}
  let alone = false
  let aloneNotBefore = 0
  let afterLane: string | null = null
  /** Of claims over the lanes: whether it began with the first, and found anything. */
  let round = { whole: false, found: false }

  const changed = (withinMs?: number) =>
    new Promise<void>((resolve) => {
      const timer = withinMs === undefined ? undefined : setTimeout(resolve, withinMs)
      change = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const begin = (claimed: Claimed, claimedAt: number) => {
    const sending = options.start(claimed, claimedAt).finally(() => {
      inFlight.delete(sending)
      change()
    })
    inFlight.add(sending)
    return sending
  }

  /**
   * Sends one delivery with nothing beside it, then lets the others have as long. Two channels never
   * do so at once: what kills the process would take the other's delivery down each time.
   */
  const runAlone = async () => {
    solo.taken = true
    try {
      const claimedAt = performance.now()
      const claimed = await options.claimAlone()
      if (claimed === undefined) {
        alone = false
        return
      }
      await begin(claimed, claimedAt)
      aloneNotBefore = performance.now() + (performance.now() - claimedAt)
    } finally {
      solo.taken = false
    }
  }
  /** One claim. False where nothing more is due: a whole round over the lanes found nothing. */
  const claimSome = async (): Promise<boolean> => {
    const free = concurrency - inFlight.size
    const claimedAt = performance.now()
    const ordinaryLimit = Math.max(0, free - reserved)
    if (afterLane === null) round = { whole: true, found: false }
    const { claimed, nextLane, limited } = await options.claim({
      limit: free,
      ordinaryLimit,
      afterLane,
    })
    afterLane = nextLane
    if (claimed.length > 0) round.found = true
    // The rate says when to come back.
    else if (limited) return false
    for (const each of claimed) void begin(each, claimedAt)
    return nextLane !== null || ordinaryLimit === 0 || round.found || !round.whole
  }
  const aloneIsNext = () => alone && !solo.taken && performance.now() >= aloneNotBefore

  /** Waits where a claim would be made too early; true where it did. */
  const waited = async (): Promise<boolean> => {
    const free = concurrency - inFlight.size
    if (aloneIsNext() && inFlight.size > 0) await changed()
    else if (free === 0 || (free <= reserved && !woken)) await changed()
    else if (!woken && free - reserved < (concurrency - reserved) / 2) {
      gatherUntil ??= performance.now() + gatherMs
      const leftMs = gatherUntil - performance.now()
      if (leftMs <= 0) return false
      await changed(leftMs)
    } else return false
    return true
  }
  const work = async () => {
    while (!stopping) {
      if (await waited()) continue
      gatherUntil = undefined
      if (aloneIsNext()) {
        await runAlone()
        continue
      }
      woken = false
      if ((await claimSome()) || woken) continue
      if (!alone) return
      await changed(Math.max(solo.taken ? soloPauseMs : 1, aloneNotBefore - performance.now()))
    }
  }
  return {
    async run() {
      woken = true
      // Lanes that this round has passed already may have become due.
      round.whole = false
      change()
      // One loop does all; a ticket that comes meanwhile only makes it look again.
      if (running || stopping) return
      running = work().finally(() => {
        running = undefined
      })
      await running
    },
    wakeAlone() {
      alone = true
      change()
    },
    async stop() {
      stopping = true
      change()
      // A claim under way may still bring some.
      await running?.catch(() => {})
      while (inFlight.size > 0) await Promise.all(inFlight)
    },
  }
}
