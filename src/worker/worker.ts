import { AsyncResource } from 'node:async_hooks'
import { randomInt } from 'node:crypto'
import type { Channel } from '../channel/channel.ts'
import type { OwnDatabase } from '../database/contract.ts'
import { backendBucket, channelBucket, setRate } from '../outbox/bucket.ts'
import { claim, nothingClaimed } from '../outbox/claim.ts'
import { claimAlone } from '../outbox/claim-alone.ts'
import type { Claimed } from '../outbox/claimed.ts'
import { adoptLost, type Lost, marks, renew } from '../outbox/hold.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { ripen } from '../outbox/ripen.ts'
import type { Outcome } from '../outbox/settle.ts'
import type { Queue } from '../queue/contract.ts'
import { type ChannelLoop, createChannelLoop, type Solo } from './channel-loop.ts'
import type { Deliver, Ended, Watch } from './contract.ts'
import { createLeases, type Leases } from './leases.ts'
import { createPoller, type Poller } from './poller.ts'
import { createRateTicket } from './rate-ticket.ts'
import { createSettler, type WriteChunk } from './settler.ts'
import { createSending, createStart } from './start.ts'

export const defaultPollMs = 1000

export interface WorkerOptions {
  /** Channels that this worker serves. Default: all that are configured. */
  readonly channels?: readonly string[]
  /** How many deliveries each channel has in flight here, 1 at least. Default: the channel's own. */
  readonly concurrency?: number
  /** How long `stop` waits for what is in flight before it aborts it; 0: at once. Default 20 s. */
  readonly graceMs?: number
  /** How long a delivery stays ours without a sign of life. Default 30 s. */
  readonly leaseMs?: number
  /** How often it looks by itself: so late is found at most what word was lost of. Default 1 s. */
  readonly pollMs?: number
  /** Signals that stop it gracefully; empty for none. Default SIGTERM and SIGINT. */
  readonly stopOn?: readonly NodeJS.Signals[]
}

export const workerOptionNames = [
  ...['channels', 'concurrency', 'graceMs', 'leaseMs', 'pollMs', 'stopOn'],
] as const satisfies readonly (keyof WorkerOptions)[]

export interface Worker {
  /** Claims no more, waits for what is in flight, and gives back what does not end in time. */
  stop(): Promise<void>
  /** Resolves when the worker has stopped, for whatever reason. */
  readonly stopped: Promise<void>
  /** How many deliveries are claimed and not settled. */
  inFlight(): number
  /** Looks at the outbox again in `delayMs` at the latest: something becomes due then. */
  soon(delayMs: number): void
}

/** A place of an idle worker, kept for a delivery that is about to be written. */
export interface Place {
  readonly leaseMs: number
  /** Rows of `bucket` that may hold the channel back. */
  readonly buckets: readonly string[]
  /** Sends what was taken as it was written; without one the place is free again. */
  fill(claimed: Claimed | undefined, claimedAt: number): void
}

/** A worker as its own process sees it. */
export interface LocalWorker extends Worker {
  /**
   * `undefined` where deliveries of the channel have to wait their turn. Not of one that has another
   * process do its work.
   */
  reserve?(channel: string): Place | undefined
}

/** What the worker is handed: it knows nothing of templates or backends. */
export interface WorkerParts {
  readonly outbox: Outbox
  readonly database: OwnDatabase
  readonly queue: Queue
  readonly channels: Readonly<Record<string, Channel>>
  readonly events: readonly string[]
  readonly deliver: Deliver
  /** The outcome of a try whose worker never came back. */
  lost(delivery: Lost): Outcome
  readonly write: WriteChunk<Ended>
  readonly watch: Watch
  /** It has looked at the outbox; `undefined`: with success. */
  looked(failed: Error | undefined): void
  /** False while an operator has the channel switched off or paused. */
  isOpen(channel: string): boolean
  /** Refreshes what an operator may have changed. */
  refresh(): Promise<void>
  onError(error: Error): void
}

/** A tenth of the places, one at least, is for urgent deliveries; none where there is only one. */
function reservedOf(concurrency: number): number {
  return concurrency > 1 ? Math.max(1, Math.floor(concurrency / 10)) : 0
}

/** Starts claiming and sending. */
export async function startWorker(
  parts: WorkerParts,
  options: WorkerOptions,
): Promise<LocalWorker> {
  const { outbox, database, queue, onError } = parts
  const names = options.channels ?? Object.keys(parts.channels)
  const leaseMs = options.leaseMs ?? 30_000
  const sending = createSending()
  const leases = createLeases(leaseMs, (held) => renew(outbox, database, held, leaseMs), onError)
  const write: WriteChunk<Ended> = async (chunk) => {
    const tell = await parts.write(chunk)
    return () => {
      for (const { about, outcome } of chunk) {
        leases.remove(about, outcome.outcome === 'sent')
        if (outcome.outcome === 'retry') poller?.soon(outcome.delayMs)
        else if (outcome.outcome === 'put-off') {
          poller?.soon(Number(outcome.sendAt) - Number(outcome.notBefore))
        }
      }
      tell()
    }
  }
  const settler = createSettler(write, onError, { keyOf: ({ outcome }) => outcome.id })
  const loops = new Map<string, ChannelLoop>()
  const solo: Solo = { taken: false }
  const mark = randomInt(marks)
  let poller: Poller | undefined

  for (const name of names) {
    const channel = parts.channels[name]!
    await setRate(outbox, database, channelBucket(name), channel.rate)
    const start = createStart(parts, channel, { leases, settler, sending })
    const loop = { name, options, leaseMs, mark, solo, leases, start }
    loops.set(name, createLoop(parts, channel, loop))
  }
  const handle = async (name: string) => {
    // A ticket for what is due only now: it may not be in line yet.
    if (!(await loops.get(name)!.run())) poller?.soon(0)
  }
  const stopConsuming = await Promise.all(
    // Two handlers, so that a ticket reaches a loop that is running.
    names.map((name) =>
      queue.consume(
        name,
        2,
        () => handle(name),
        () => loops.get(name)!.hasRoom(),
      ),
    ),
  )
  poller = createPoller(
    options.pollMs ?? defaultPollMs,
    async () => {
      await parts.refresh()
      const request = { channels: names, events: parts.events, leaseMs }
      const expired = await adoptLost(outbox, database, request)
      // While the database is away our own leases expire too; what has them is not lost.
      const lost = expired.filter((delivery) => !leases.has(delivery))
      for (const about of lost) {
        parts.watch.lost(about)
        void settler.add({ outcome: parts.lost(about), about })
      }
      const ripe = await ripen(outbox, database, names)
      parts.looked(undefined)
      return ripe
    },
    ({ due, alone }) => {
      for (const name of alone) if (parts.isOpen(name)) loops.get(name)!.wakeAlone()
      for (const name of new Set([...due, ...alone])) void loops.get(name)!.run().catch(onError)
    },
    (error) => {
      parts.looked(error)
      onError(error)
    },
  )
  const stop = createStop({
    graceMs: options.graceMs ?? 20_000,
    loops: [...loops.values()],
    quiet: async () => {
      await poller.stop()
      await Promise.all(stopConsuming.map((end) => end()))
    },
    abort: sending.abort,
    last: async (withinMs) => {
      const unwritten = await settler.drained(withinMs)
      leases.stop()
      if (unwritten > 0) onError(new Error(leftUnwritten(unwritten)))
    },
  })
  return {
    stop: stop.run,
    stopped: stop.ended,
    inFlight: () => leases.held().length,
    // Of a `send` that asks for it, the worker must not inherit what is active there.
    soon: AsyncResource.bind((delayMs: number) => poller.soon(delayMs)),
    reserve(name) {
      const channel = parts.channels[name]!
      // What all workers share is granted by a claim only.
      if (channel.rate || channel.overallConcurrency || !parts.isOpen(name)) return undefined
      const fill = loops.get(name)?.reserve()
      return fill && { leaseMs, buckets: bucketsOf(name, channel), fill }
    },
  }
}

const bucketsOf = (name: string, { backend }: Channel) => [
  channelBucket(name),
  backendBucket(name, backend.name),
]

const leftUnwritten = (count: number) =>
  `The worker stopped before it could write down how ${count} deliveries ended, since the database took nothing. They will be sent again.`

interface LoopParts {
  readonly name: string
  readonly options: WorkerOptions
  readonly leaseMs: number
  readonly mark: number
  readonly solo: Solo
  readonly leases: Leases
  start(claimed: Claimed, claimedAt: number): Promise<void>
}

function createLoop(parts: WorkerParts, channel: Channel, loop: LoopParts): ChannelLoop {
  const { outbox, database, queue, events } = parts
  const { name, options, leaseMs, mark, solo, leases, start } = loop
  const concurrency = options.concurrency ?? channel.concurrency
  const buckets = bucketsOf(name, channel)
  const overall = channel.overallConcurrency
  const common = { channel: name, events, leaseMs, mark, buckets, overall }
  const again = createRateTicket(queue, name, channel.rate?.perSecond ?? (overall ? 20 : 1))
  return createChannelLoop({
    concurrency,
    reserved: reservedOf(concurrency),
    solo,
    claim: async (look) => {
      if (!parts.isOpen(name)) return nothingClaimed
      const askedAt = performance.now()
      const isHere = leases.remember()
      const answer = await claim(outbox, database, { ...common, ...look })
      parts.watch.claimed(name, answer.claimed.length, performance.now() - askedAt)
      if (answer.limited) again()
      // The database died before a claim was on the disk, and gives it again: it is being sent here,
      // or was sent and written down while the answer was under way.
      const claimed = answer.claimed.filter((each) => !isHere(each))
      return { ...answer, claimed }
    },
    claimAlone: async () => {
      if (!parts.isOpen(name)) return undefined
      const askedAt = performance.now()
      const claimed = await claimAlone(outbox, database, common)
      parts.watch.claimed(name, claimed ? 1 : 0, performance.now() - askedAt)
      return claimed
    },
    start,
  })
}

interface StopParts {
  readonly graceMs: number
  readonly loops: readonly ChannelLoop[]
  quiet(): Promise<void>
  abort(): void
  /** The last writes; what cannot be written in time is given up. */
  last(withinMs: number): Promise<void>
}

/** After the grace time, what is aborted still has to be written. */
const lastWritesMs = 5000

function createStop(parts: StopParts) {
  let ending: Promise<void> | undefined
  let resolveEnded: () => void = () => {}
  const ended = new Promise<void>((resolve) => {
    resolveEnded = resolve
  })
  const end = async () => {
    const until = performance.now() + parts.graceMs + lastWritesMs
    const grace = setTimeout(parts.abort, parts.graceMs)
    let timer: NodeJS.Timeout | undefined
    // Without a database nothing ends in order, but the process must.
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, parts.graceMs + lastWritesMs)
    })
    const loops = parts.loops.map((loop) => loop.stop())
    await Promise.race([late, Promise.all([...loops, parts.quiet()])])
    clearTimeout(timer)
    clearTimeout(grace)
    await parts.last(Math.max(0, until - performance.now()))
    resolveEnded()
  }
  return {
    ended,
    run: () => {
      ending ??= end()
      return ending
    },
  }
}
