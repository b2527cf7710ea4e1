import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { type CrashChild, eventually } from './crash-child.ts'
import { type CrashSite, createEmbeddedSite, createPostgresSite } from './crash-site.ts'
import { redisUrl } from './engines.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

/** What is killed under load, and what that is forgiven. */
export interface CrashKind {
  /** What is killed: the heading of its column. */
  readonly name: string
  /** What was in flight may arrive twice where it died with its worker, and nothing else ever. */
  readonly workerDies: boolean
  /** How many attempts a delivery may take that did not die with its worker. */
  readonly attempts: number
  /** Whether calls of `send` may throw while what was killed is away. */
  readonly refuses: boolean
  /** Whether Envoyer may tell of errors, as it does of an outage. */
  readonly complains: boolean
  /** Whether notifications are written that could be found half-written. */
  readonly big: boolean
  /** How many scenes keep two cores busy: one that waits for leases to end is idle for long. */
  readonly scenes: number
  /** How many rounds a thorough run makes. */
  readonly thoroughRounds: number
  createScene(): Promise<CrashScene>
}

/** A worker, a sender, and what they stand on; one of these is killed again and again. */
export interface CrashScene {
  readonly site: CrashSite
  /** Those that run, or were the last to. */
  readonly worker: CrashChild
  readonly sender: CrashChild
  /** Kills at once; resolves when the victim is gone for good. */
  kill(): Promise<void>
  /** Starts it anew. `untouched` runs while no new worker can have taken over what was left. */
  comeBack(untouched: (worker: CrashChild) => Promise<void>): Promise<void>
  /** Resolves when what was killed is in use again. */
  used(): Promise<void>
  close(): Promise<void>
}

const harmless = {
  ...{ workerDies: false, attempts: 1, refuses: false, complains: false, big: false },
  ...{ scenes: 2, thoroughRounds: 1000 },
}
const nothing = async () => {}
/**
 * Of a worker that dies. Short, since others wait for its end; long enough for a living one to
 * renew it on a machine that has much else to do.
 */
const leaseMs = 3000
/** Of a worker that lives: no try of its own may be taken for lost. */
const longLeaseMs = 30_000

async function end(site: CrashSite, victim: CrashChild): Promise<void> {
  victim.kill()
  const end = await victim.ended
  if (end !== 'SIGKILL') throw new Error(`${victim.name} had ended by itself: ${end}`)
  await site.forgotten(victim)
}

/** On PostgreSQL and Redis, each started by the test command and shared by all. */
const sharedSite = () => createPostgresSite(undefined, { redisUrl: redisUrl() })

export const workerKilled: CrashKind = {
  ...harmless,
  ...{ name: 'worker', workerDies: true, scenes: 4 },
  async createScene() {
    const site = await sharedSite()
    let worker = site.start('worker')
    const sender = site.start('sender')
    // It loads its code while the others run, and opens nothing until the first is dead.
    let next = site.start('worker')
    await worker.work({ leaseMs })
    await sender.open()
    return {
      site,
      sender,
      get worker() {
        return worker
      },
      kill: () => end(site, worker),
      async comeBack(untouched) {
        await next.open()
        await untouched(next)
        await next.work({ leaseMs })
        worker = next
        next = site.start('worker')
      },
      used: nothing,
      close: site.close,
    }
  },
}

export const senderKilled: CrashKind = {
  ...harmless,
  ...{ name: 'sender', big: true },
  async createScene() {
    const site = await sharedSite()
    const worker = site.start('worker')
    let sender = site.start('sender')
    let next = site.start('sender')
    await worker.work({ leaseMs: longLeaseMs })
    await sender.open()
    return {
      site,
      worker,
      get sender() {
        return sender
      },
      kill: () => end(site, sender),
      async comeBack() {
        await next.open()
        sender = next
        next = site.start('sender')
      },
      used: nothing,
      close: site.close,
    }
  },
}

/** The database is in the process that works and sends: all of it dies at once. */
export const embeddedKilled: CrashKind = {
  ...harmless,
  ...{ name: 'the one process (embedded)', workerDies: true, big: true },
  // One of them takes as long as several of the others: a database has to start.
  thoroughRounds: 200,
  async createScene() {
    const site = await createEmbeddedSite()
    let both = site.start('both')
    let next = site.start('both')
    // All waits for the one session, the claims and what renews their leases too.
    const leaseMs = 5000
    await both.work({ leaseMs })
    return {
      site,
      get worker() {
        return both
      },
      get sender() {
        return both
      },
      kill: () => end(site, both),
      async comeBack(untouched) {
        await next.open()
        await untouched(next)
        await next.work({ leaseMs })
        both = next
        next = site.start('both')
      },
      used: nothing,
      close: site.close,
    }
  },
}

/** Two workers, who both wait at Redis, which comes back empty after up to `longestMs`. */
export const redisKilled: CrashKind = {
  ...harmless,
  ...{ name: 'Redis', complains: true },
  async createScene() {
    const longestMs = 400
    const redis = await startRedis()
    const site = await createPostgresSite(undefined, { redisUrl: redis.url() })
    const [worker, other, sender] = [
      site.start('worker'),
      site.start('worker'),
      site.start('sender'),
    ]
    await Promise.all([worker, other].map((each) => each.work({ leaseMs: longLeaseMs })))
    await sender.open()
    const client = new Redis(redis.url(), { retryStrategy: () => 50 })
    client.on('error', () => {})
    const waiting = async () => /^blocked_clients:(\d+)/m.exec(await client.info('clients'))?.[1]
    const used = () =>
      eventually(
        // Each of the two for each of two channels.
        async () => (await waiting()) === '4',
        async () => `${await waiting()} of 4 wait at Redis`,
      )
    await used()
    return {
      ...{ site, worker, sender, used },
      kill: redis.crash,
      async comeBack() {
        await sleep(Math.random() * longestMs)
        await redis.start()
      },
      async close() {
        client.disconnect()
        await site.close()
        await redis.stop()
      },
    }
  },
}

/** How often PostgreSQL stays away for longer than a lease. */
const longOutageEach = 10
let outages = 0

/** Stopped as a pulled plug would, connections cut, and started again. */
export const postgresKilled: CrashKind = {
  ...harmless,
  // A claim whose answer was cut off is an attempt lost.
  ...{ name: 'PostgreSQL', attempts: 2 },
  ...{ refuses: true, complains: true, big: true },
  async createScene() {
    const server = await startPostgres()
    const site = await createPostgresSite(await server.createDatabase(), { redisUrl: redisUrl() })
    const [worker, sender] = [site.start('worker'), site.start('sender')]
    const leaseMs = 600
    // It has them for itself: what it has in hand it takes from itself for no other.
    await worker.work({ leaseMs })
    await sender.open()
    return {
      ...{ site, worker, sender, used: nothing },
      kill: server.crash,
      async comeBack() {
        const isLong = outages++ % longOutageEach === 0
        await sleep(isLong ? 2.5 * leaseMs : (Math.random() * leaseMs) / 2)
        await server.start()
      },
      async close() {
        await site.close()
        await server.stop()
      },
    }
  },
}
