import { randomUUID } from 'node:crypto'
import { unlink } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { EnvoyerError } from '../../errors.ts'
import { createHeartbeat, heartbeatMs } from './heartbeat.ts'
import {
  type Content,
  cleanBelow,
  createLockFile,
  fileSystemNowMs,
  lockFile,
  lockNumbers,
  markReleased,
  type Owner,
  readLockFile,
} from './lock-file.ts'
import { isRunning, ownIdentity } from './process-identity.ts'

/** No sign of life for this long from a process that cannot be looked at: it is dead. */
const staleMs = 30_000
/** A process that was just killed is still there for a moment. */
const patienceMs = 500
const lookAgainMs = 25

export interface Lock {
  /** Touched as a sign of life. */
  readonly file: string
  readonly owner: Owner
  release(): Promise<void>
}

/**
 * Takes the exclusive lock on a directory, or fails with `database-locked`.
 *
 * The lock is a row of files `owner.<n>`, of which the highest counts. It is never written again
 * but by its owner, nor removed while it is the highest; whoever follows a dead or gone owner makes
 * the next number, which only one can. So no two processes can own it, however they start, and
 * nothing has to be removed before another can be made.
 */
export async function acquireLock(
  directory: string,
  lost: (error: Error) => void,
  waitMs = patienceMs,
  socketOf?: (token: string) => Promise<string>,
): Promise<Lock> {
  const owner = await newOwner(socketOf)
  const deadline = Date.now() + waitMs
  for (;;) {
    const [highest = 0] = await lockNumbers(directory)
    const holder = highest > 0 ? await holderOf(directory, highest, owner.token) : 'nobody'
    if (holder === 'gone') continue
    if (holder !== 'nobody') {
      if (Date.now() >= deadline) throw lockedBy(holder, directory)
      await sleep(lookAgainMs)
      continue
    }
    const number = highest + 1
    if (!(await createLockFile(directory, number, owner))) continue
    if ((await lockNumbers(directory))[0] === number) return own(directory, number, owner, lost)
    // Others went on while this one looked, and cleaned up below them.
    await unlink(lockFile(directory, number)).catch(() => {})
  }
}

/** Where it listens is in the file from the beginning: it is not written again. */
async function newOwner(socketOf?: (token: string) => Promise<string>): Promise<Owner> {
  const token = randomUUID()
  const socket = await socketOf?.(token)
  const owner = { ...ownIdentity(), token, since: new Date().toISOString() }
  return socket === undefined ? owner : { ...owner, socket }
}

async function own(
  directory: string,
  number: number,
  owner: Owner,
  lost: (error: Error) => void,
): Promise<Lock> {
  await cleanBelow(directory, number)
  const file = lockFile(directory, number)
  const heartbeat = createHeartbeat(file)
  const watch = async () => {
    heartbeat.beat()
    const [highest] = await lockNumbers(directory)
    if (highest === number) return
    clearInterval(timer)
    lost(new EnvoyerError('database-stopped', `Another process took ${directory} over.`))
  }
  // The directory may be out of reach for a moment; that is no loss.
  const timer = setInterval(() => void watch().catch(() => {}), heartbeatMs).unref()
  return {
    file,
    owner,
    async release() {
      clearInterval(timer)
      heartbeat.stop()
      // Nothing is left to give back where the directory has been removed.
      const [highest] = await lockNumbers(directory).catch(() => [])
      if (highest === number) await markReleased(directory, number, owner.token)
    },
  }
}

/** The owner of a lock file if it lives, `nobody` if it does not, `gone` if the file is. */
async function holderOf(
  directory: string,
  number: number,
  token: string,
): Promise<Content | 'nobody' | 'gone'> {
  const first = await readLockFile(directory, number)
  if (!first) return 'gone'
  const { content } = first
  if (content.state === 'released') return 'nobody'
  const running = content.state === 'owned' ? isRunning(content.owner) : undefined
  if (running !== undefined) return running ? content : 'nobody'
  // On another machine or in another container: wait for a sign of life, or for its absence.
  for (;;) {
    const now = await readLockFile(directory, number)
    if (!now || now.content.state === 'released') return 'gone'
    if (now.beatAtMs !== first.beatAtMs) return now.content
    if ((await fileSystemNowMs(directory, token)) - now.beatAtMs > staleMs) return 'nobody'
    await sleep(heartbeatMs / 2)
  }
}

/** `database-locked`, with who has it. */
export function lockedBy(
  content: Content,
  directory: string,
  more: readonly string[] = [],
): EnvoyerError {
  const where = [`The directory is ${directory}.`, ...more].join(' ')
  if (content.state !== 'owned') return new EnvoyerError('database-locked', where)
  const { pid, host, since, place } = content.owner
  const here = place === ownIdentity().place
  const who =
    here && pid === process.pid
      ? `This process (${pid})`
      : `Process ${pid}${here ? '' : ` on ${host}`}`
  return new EnvoyerError('database-locked', `${who} has had it open since ${since}. ${where}`)
}
