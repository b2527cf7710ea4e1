import type { Job, Queue as Jobs, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { missingPackage, toError } from '../errors.ts'
import { endsWithin } from '../time-limit.ts'
import type { Queue } from './contract.ts'
import { createInProcessQueue, type Listen } from './in-process.ts'
import { createSpaced, type Spaced, slotOf } from './spaced.ts'

export interface BullmqOptions {
  /** `redis://…` or `rediss://…`. */
  readonly url: string
  /** Before all keys in Redis. */
  readonly prefix: string
  /** Wakes workers another way, while Redis is away. */
  notify(): Promise<unknown>
  readonly listen: Listen
  onError(error: Error): void
}

/** How close together two tickets of one process and channel may be. */
const spacingMs = 20
/** How close together two tickets are passed on that came while there was no room. */
const passOnMs = 100
/** How long Redis may say nothing to a question; BullMQ's own wait is five seconds. */
const silentMs = 15_000
/** How long Redis may take to say goodbye. */
const goodbyeMs = 1000

/**
 * ioredis lets the timer of `socketTimeout` run on when the connection that it watches closes: it would
 * end the next connection, or hold the process. Seen in 5.11.1.
 */
function forgetSilence(redis: Redis): void {
  const inside = redis as unknown as { socketTimeoutTimer: NodeJS.Timeout | undefined }
  clearTimeout(inside.socketTimeoutTimer)
  inside.socketTimeoutTimer = undefined
}

/** Says whose error it is, and that it is no harm. */
function ofRedis(thrown: unknown): Error {
  const cause = toError(thrown)
  const message = `Of Redis; workers hear of work by the database meanwhile, and nothing is lost: ${cause.message}`
  return new Error(message, { cause })
}

/** Tells of Redis's errors once, until they are over. */
function createTrouble(onError: (error: Error) => void) {
  let told = false
  return {
    met(thrown: unknown): void {
      if (!told) onError(ofRedis(thrown))
      told = true
    },
    over(): void {
      told = false
    },
  }
}

/** What a job is added with: gone when done, and one at a time that waits for the same. */
const once = (id: string, delay = 0) => ({
  ...{ delay, removeOnComplete: true, removeOnFail: true },
  deduplication: { id },
})

/**
 * Tickets over BullMQ, one queue a channel. A worker of this process that has room gets a ticket
 * directly; otherwise Redis gives it to some worker that is waiting, wherever it is, and one that has
 * no room passes it on to all by NOTIFY. A ticket holds nothing, and one a channel waits at most: Redis
 * may be emptied, or away, at any time. Workers hear of work by NOTIFY meanwhile, as they do of what is
 * sent in a transaction of the application's own.
 */
export function createBullmqQueue(
  { Redis: Client, bullmq }: BullmqPackages,
  options: BullmqOptions,
): Queue {
  const { url, prefix, onError } = options
  const local = createInProcessQueue(onError, options.listen)
  let closed = false
  const redis = new Client(url, {
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(100 * 2 ** times, 2000),
    // A connection that is dead at its other end says nothing: BullMQ asks every few seconds.
    ...{ keepAlive: 10_000, socketTimeout: silentMs },
  })
  // Every connection would tell of every attempt to come back.
  const away = createTrouble(onError)
  const watch = (each: Redis) => {
    each.on('error', away.met)
    each.on('close', () => forgetSilence(each))
  }
  watch(redis)
  // BullMQ waits for jobs on connections of its own. It cannot close them while Redis is away, and
  // connects one anew that has long said nothing, even when its worker is being closed.
  const waiting = new Set<Redis>()
  const duplicate = redis.duplicate.bind(redis)
  redis.duplicate = (override) => {
    const made = duplicate(override)
    watch(made)
    made.on('connecting', () => {
      if (closed) made.disconnect()
      else waiting.add(made)
    })
    made.on('end', () => waiting.delete(made))
    return made
  }
  redis.on('ready', away.over)
  // One that answers with errors is connected all the while.
  const refusing = createTrouble(onError)
  const jobs = new Map<string, Jobs>()
  const workers = new Set<Worker>()
  const wakeAll = () => options.notify().catch((thrown) => onError(toError(thrown)))
  const notify = createSpaced(spacingMs, wakeAll)

  const jobsOf = (channel: string): Jobs => {
    const known = jobs.get(channel)
    if (known) return known
    const made = new bullmq.Queue(channel, { connection: redis, prefix, skipVersionCheck: true })
    made.on('error', away.met)
    jobs.set(channel, made)
    return made
  }
  const putting = new Set<string>()
  const put = async (channel: string, id: string, delayMs?: number) => {
    const mark = `${channel} ${id}`
    // Not answered yet: the connection may be dead, and what is said on it would only pile up.
    if (redis.status !== 'ready' || putting.has(mark)) {
      notify.ask()
      return
    }
    putting.add(mark)
    try {
      await jobsOf(channel).add('due', null, once(id, delayMs))
      refusing.over()
    } catch (thrown) {
      refusing.met(thrown)
      notify.ask()
    }
    putting.delete(mark)
  }
  const spaced = new Map<string, Spaced>()
  const putSoon = (channel: string) => {
    const ofChannel = spaced.get(channel) ?? createSpaced(spacingMs, () => put(channel, 'now'))
    spaced.set(channel, ofChannel)
    ofChannel.ask()
  }
  const passOn = createSpaced(passOnMs, wakeAll)
  const handle = async (channel: string, job: Job) => {
    // What is written from now on is another's: should this process die, none would come for long.
    await job.removeDeduplicationKey().catch(() => {})
    // Redis gave it to nobody else.
    if (local.consumers(channel) !== 'free') passOn.ask()
    local.ticket(channel)
  }
  const take = async (channel: string): Promise<() => Promise<void>> => {
    const worker = new bullmq.Worker(channel, (job) => handle(channel, job), {
      // A ticket is handled in no time; and the timer of renewals would outlive a lost connection.
      ...{ connection: redis, prefix, skipVersionCheck: true, skipLockRenewal: true },
      ...{ removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } },
      // How long it waits where Redis did not answer. Its default is fifteen seconds.
      runRetryDelay: 1000,
    })
    worker.on('error', away.met)
    workers.add(worker)
    return async () => {
      workers.delete(worker)
      await endsWithin(goodbyeMs, worker.close(redis.status !== 'ready'))
    }
  }
  return {
    ticket(channel, given = {}) {
      if (closed) return
      const here = local.consumers(channel)
      local.ticket(channel, given)
      if (here === 'free') return
      const { delayMs = 0 } = given
      if (delayMs <= 0) putSoon(channel)
      // A worker of this process looks by itself.
      else if (here === 'none') void put(channel, `in ${slotOf(delayMs)}`, delayMs)
    },
    async consume(channel, ...given) {
      const stopLocal = await local.consume(channel, ...given)
      const stopTaking = await take(channel)
      return async () => {
        const stopped = stopLocal()
        await stopTaking()
        await stopped
      }
    },
    async close() {
      closed = true
      const localClosed = local.close()
      await Promise.all(
        [...spaced.values(), notify].map((each) => endsWithin(goodbyeMs, each.finish())),
      )
      await endsWithin(
        goodbyeMs,
        Promise.all([...workers].map((worker) => worker.close(redis.status !== 'ready'))),
      )
      workers.clear()
      // What they took in closing is for others.
      await endsWithin(goodbyeMs, passOn.finish())
      await localClosed
      await endsWithin(goodbyeMs, Promise.all([...jobs.values()].map((each) => each.close())))
      for (const each of [redis, ...waiting]) each.disconnect()
    },
  }
}

export interface BullmqPackages {
  readonly Redis: typeof import('ioredis').Redis
  readonly bullmq: Pick<typeof import('bullmq'), 'Queue' | 'Worker'>
}

/** The packages, which are needed only here. Throws `package-missing`. */
export async function loadBullmq(): Promise<BullmqPackages> {
  try {
    const [{ Redis }, bullmq] = await Promise.all([import('ioredis'), import('bullmq')])
    return { Redis, bullmq }
  } catch (thrown) {
    throw missingPackage(thrown, 'A queue over Redis', 'bullmq ioredis')
  }
}
