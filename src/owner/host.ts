import type { Reception } from '../database/index.ts'
import { endsWithin } from '../time-limit.ts'
import { type Answer, createPeer, type Peer } from './peer.ts'

/** How long clients are waited for when the owner closes: for what they asked, and to hear of it. */
const underWayMs = 5000
const farewellMs = 1000

/** Those that end with their client, or when the owner lets its workers go. */
const endless = new Set(['waitFor', 'worker'])

export interface Host extends Reception {
  /** Starts no more workers for clients: they are for the next owner. */
  rest(): void
  /** Lets the clients go: what is under way is finished within five seconds, the rest is for the next owner. */
  leave(): Promise<void>
}

/** The owner's end of all its clients. */
export function createHost(answer: Answer): Host {
  const peers = new Set<Peer>()
  const underWay = new Set<Promise<unknown>>()
  let [resting, leaving] = [false, false]
  const track: Answer = (name, args, call) => {
    if (resting && name === 'worker') return aborted(call.signal)
    const work = answer(name, args, call)
    if (endless.has(name)) return work
    const tracked = work.catch(() => {}).finally(() => underWay.delete(tracked))
    underWay.add(tracked)
    return work
  }
  return {
    isOpen: () => !leaving,
    joined(connection) {
      if (leaving) return connection.cut()
      const peer = createPeer(connection, track)
      peers.add(peer)
      void peer.ended.then(() => peers.delete(peer))
    },
    rest() {
      resting = true
    },
    async leave() {
      leaving = true
      for (const peer of peers) peer.leave()
      await endsWithin(underWayMs, Promise.all(underWay))
      // Ended once the answers are on their way.
      for (const peer of peers) peer.end()
      await endsWithin(farewellMs, Promise.all([...peers].map((peer) => peer.ended)))
    },
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
