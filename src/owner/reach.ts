import { setTimeout as sleep } from 'node:timers/promises'
import {
  connectToOwner,
  type FoundOwner,
  findOwner,
  isNobodyThere,
  lockedBy,
  type Terms,
} from '../database/index.ts'
import { codeOf, EnvoyerError, toError } from '../errors.ts'
import {
  type Answer,
  type AskOptions,
  createPeer,
  Gone,
  type Peer,
  questionsAtMost,
} from './peer.ts'

/** How long an owner may be beyond reach: it opens, or closes, or others race for its place. */
const patienceMs = 20_000
/** The same of one that lets nobody in: it may be about to end. */
const shortPatienceMs = 2000
const lookAgainMs = 25
/** An owner that ends again and again while the same is asked of it may end because of it. */
const lossesAtMost = 5

export interface ReachParts {
  /** Of the embedded database. */
  readonly directory: string
  readonly terms: Terms
  /** Whether this process is the owner. */
  isOpen(): boolean
  /** Becomes the owner; throws `database-locked` where another one is. */
  open(): Promise<unknown>
  /** What the owner does, done here: of what may have been asked of an earlier owner already. */
  readonly answer: Answer
}

/** Asks the owner, whichever process that is. */
export type Ask = (
  name: string,
  args: readonly unknown[],
  options?: Pick<AskOptions, 'signal'>,
) => Promise<unknown>

export interface RunOptions {
  /** It takes long, so that many owners may come and go meanwhile. */
  readonly long?: boolean
}

export interface Reach {
  /**
   * Does work at home where this process owns the database or can own it; else through the owner,
   * and through its successor where it ends. `ask` is `undefined` where the work can be done at home
   * without thinking of an earlier try.
   */
  run<T>(work: (ask: Ask | undefined) => Promise<T>, options?: RunOptions): Promise<T>
  close(): void
}

/** A way to the embedded database, whoever owns it. */
export function createReach(parts: ReachParts): Reach {
  const limit = createLimit(questionsAtMost)
  let current: Promise<Peer | undefined> | undefined
  let last: Peer | undefined
  const closing = new AbortController()

  const attach = async (): Promise<Peer | undefined> => {
    // The old owner may have much to write down before it lets the database go.
    await last?.outlast()
    const peer = await findWay(parts, closing.signal)
    last = peer
    if (closing.signal.aborted) peer?.end()
    return peer
  }
  const reach = (): Promise<Peer | undefined> => {
    closing.signal.throwIfAborted()
    if (current) return current
    const attached = attach()
    current = attached
    const forget = () => {
      if (current === attached) current = undefined
    }
    attached.then((peer) => (peer ? peer.leaving.then(forget) : forget()), forget)
    return attached
  }
  const once = async <T>(work: (ask: Ask | undefined) => Promise<T>, again: boolean) => {
    const peer = parts.isOpen() ? undefined : await reach()
    if (peer) {
      return limit(() => work((name, args, options) => peer.ask(name, args, { ...options, again })))
    }
    if (!again) return work(undefined)
    return work(async (name, args, { signal = new AbortController().signal } = {}) =>
      parts.answer(name, args, { signal, again }),
    )
  }
  return {
    async run(work, { long = false } = {}) {
      for (let losses = 0; ; losses += 1) {
        try {
          return await once(work, losses > 0)
        } catch (thrown) {
          if (!(thrown instanceof Gone)) throw thrown
          closing.signal.throwIfAborted()
          if (long || losses < lossesAtMost) continue
          const problem = `${losses + 1} processes that owned it ended while this was asked of them`
          throw new EnvoyerError('database-stopped', problem)
        }
      }
    },
    close() {
      closing.abort(new EnvoyerError('closed', []))
      last?.end()
    },
  }
}

/** Becomes the owner (`undefined`) or a client of the one that there is. */
async function findWay(parts: ReachParts, closing: AbortSignal): Promise<Peer | undefined> {
  const { directory, terms } = parts
  const began = performance.now()
  for (;;) {
    closing.throwIfAborted()
    const owner = await findOwner(directory)
    const { peer, problem } = owner ? await join(owner, terms) : {}
    if (peer) return peer
    if (!owner?.sure) {
      try {
        await parts.open()
        return undefined
      } catch (thrown) {
        const tooLate = performance.now() - began > patienceMs
        if (codeOf(thrown, '') !== 'database-locked' || tooLate) throw thrown
      }
    } else {
      const patience = owner.socket === undefined ? shortPatienceMs : patienceMs
      if (performance.now() - began > patience) {
        throw lockedBy({ state: 'owned', owner }, directory, [problem ?? 'It lets nobody in.'])
      }
    }
    await sleep(lookAgainMs)
  }
}

const refused: Answer = async (name) => {
  throw new Error(`A client does not do "${name}" for others.`)
}

async function join(
  owner: FoundOwner,
  terms: Terms,
): Promise<{ readonly peer?: Peer; readonly problem?: string }> {
  const { socket } = owner
  if (socket === undefined) return {}
  try {
    const connection = await connectToOwner({ ...owner, socket }, terms)
    return { peer: createPeer(connection, refused) }
  } catch (thrown) {
    if (!isNobodyThere(thrown)) throw thrown
    return { problem: `It does not answer: ${toError(thrown).message}` }
  }
}

/** Runs so much at once, and the rest in turn. */
function createLimit(atMost: number) {
  const waiting: (() => void)[] = []
  let running = 0
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= atMost) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
