import { DeliveryError, EnvoyerError, Permanent, RetryAfter, toError } from '../errors.ts'
import type { Backend, BackendCheck, Outgoing } from './backend.ts'
import type { Backends, DownLimits } from './backends.ts'
import { gather, isNamed } from './gather.ts'
import { unknownKeys } from './known-keys.ts'
import type { Receipt } from './receipt.ts'

/** Members that failed before one took the message, for receipts and exchanges. */
interface Passed {
  readonly backend: string
  readonly code: string
  readonly text: string
  /** It asked not to be given this message again before. */
  readonly delayMs?: number
}

/**
 * Sends through the first backend; while it fails, through the next ones. What is permanent (a wrong
 * address) is not tried elsewhere. A member that fails several times in a row, or asks for a pause,
 * is left alone for a while and then probed with one message; while all are, they are tried all the
 * same.
 */
export function failover<Address, Message, Options>(
  members: readonly Backend<Address, Message, Options>[],
  limits: DownLimits = {},
): Backend<Address, Message, Options> {
  return compose('failover', members, limits, (up) => up)
}

/** The same, but each message begins with the next backend in turn: shares the load. */
export function roundRobin<Address, Message, Options>(
  members: readonly Backend<Address, Message, Options>[],
  limits: DownLimits = {},
): Backend<Address, Message, Options> {
  let turn = 0
  return compose('round-robin', members, limits, (up) => {
    const first = turn++ % up.length
    return [...up.slice(first), ...up.slice(0, first)]
  })
}

function compose<Address, Message, Options>(
  kind: string,
  given: readonly Backend<Address, Message, Options>[],
  limits: DownLimits,
  order: (up: readonly Backend<Address, Message, Options>[]) => typeof up,
): Backend<Address, Message, Options> {
  const problems = [...memberProblems(given), ...limitProblems(limits)]
  if (problems.length > 0) {
    throw new EnvoyerError(
      'configuration-invalid',
      problems.map((line) => `${kind}: ${line}`),
    )
  }
  const members = given.map(gather)
  const names = members.map(({ name }) => name)
  return {
    name: `${kind}(${names.join(',')})`,
    send: (outgoing) =>
      sendThrough(order(candidates(members, outgoing.backends)), outgoing, limits),
    ...(members.some(({ verify }) => verify) && { verify: () => verifyAll(members) }),
    checks: (options) =>
      members.flatMap((member) =>
        (member.checks?.(options) ?? []).map((check) => saidBy(member.name, check)),
      ),
    async close() {
      await Promise.all(members.map((member) => member.close?.()))
    },
  }
}

/** Tells of every member that fails, and not only of the first. */
async function verifyAll(members: readonly Backend<never, never, never>[]): Promise<void> {
  const ended = await Promise.allSettled(members.map(async (member) => member.verify?.()))
  const failed = ended.flatMap((end, n) =>
    end.status === 'rejected' ? [{ name: members[n]!.name, error: toError(end.reason) }] : [],
  )
  const [first] = failed
  if (!first) return
  const text = failed.map(({ name, error }) => `${name}: ${error.message}`).join('; ')
  throw new DeliveryError(text, { code: codeOf(first.error), cause: first.error })
}

function saidBy(member: string, { name, look }: BackendCheck): BackendCheck {
  return {
    name,
    look: async () => {
      const seen = await look()
      return { ...seen, message: `${member}: ${seen.message}` }
    },
  }
}

function memberProblems(members: readonly Backend<never, never, never>[]): string[] {
  if (!Array.isArray(members)) return ['needs a list of backends: [first, second]']
  if (!members.every(isNamed)) return ['each of its backends must have a `name`']
  const names = members.map(({ name }) => name)
  return names.length < 2 || new Set(names).size < names.length
    ? [`needs two backends or more with different names, not [${names.join(', ')}]`]
    : []
}

function limitProblems(limits: DownLimits): string[] {
  if (limits === null || typeof limits !== 'object') return ['its options must be an object']
  const { failures = 1, downMs = 1 } = limits
  const problems = unknownKeys(limits, ['failures', 'downMs'])
  if (!(Number.isInteger(failures) && failures >= 1)) {
    problems.push('`failures` must be a whole number of 1 or more')
  }
  if (!(Number.isFinite(downMs) && downMs > 0)) {
    problems.push('`downMs` must be a number greater than 0')
  }
  return problems
}

/** Those that are up; where none is, all of them, soonest to be probed first: no message goes untried. */
function candidates<B extends { readonly name: string }>(
  members: readonly B[],
  backends: Backends | undefined,
): readonly B[] {
  if (!backends) return members
  const up = members.filter(({ name }) => backends.isUp(name))
  if (up.length > 0) return up
  return members.toSorted((a, b) => backends.probeAt(a.name) - backends.probeAt(b.name))
}

async function sendThrough<Address, Message, Options>(
  members: readonly Backend<Address, Message, Options>[],
  outgoing: Outgoing<Address, Message, Options>,
  limits: DownLimits,
): Promise<Receipt> {
  const { backends } = outgoing
  const passed: Passed[] = []
  let last: Error = new Error('no backend')
  for (const member of members) {
    backends?.took(member.name)
    try {
      const receipt = await member.send(outgoing)
      await backends?.succeeded(member.name)
      return passed.length === 0
        ? receipt
        : { ...receipt, passed: passed.map((each) => ({ ...each })) }
    } catch (thrown) {
      last = toError(thrown)
      if (last instanceof Permanent) {
        // The member works: it is the address or the message that is wrong.
        await backends?.succeeded(member.name)
        throw last
      }
      const pauseMs =
        last instanceof RetryAfter && last.scope === 'backend' ? last.delayMs : undefined
      await backends?.failed(member.name, {
        ...limits,
        ...(pauseMs === undefined ? {} : { pauseMs }),
      })
      // Its time is up: the next try begins with another.
      if (outgoing.signal.aborted) throw last
      passed.push({
        ...{ backend: member.name, code: codeOf(last), text: last.message },
        ...(last instanceof RetryAfter ? { delayMs: last.delayMs } : {}),
      })
    }
  }
  throw allFailed(last, passed)
}

const codeOf = (error: Error) => (error instanceof DeliveryError ? error.code : 'error')

/**
 * The last failure, with all of them on record. A pause that a member asked for is already kept for
 * the member; where every one asked for one, the message waits for the first to be over.
 */
function allFailed(last: Error, passed: readonly Passed[]): Error {
  if (passed.length < 2 && !(last instanceof RetryAfter && last.scope === 'backend')) return last
  const exchange = last instanceof DeliveryError ? last.exchange : undefined
  const options = {
    code: codeOf(last),
    exchange: { request: exchange?.request, response: { last: exchange?.response, passed } },
    cause: last,
  }
  const waitMs = Math.min(...passed.map(({ delayMs }) => delayMs ?? 0))
  return waitMs > 0
    ? new RetryAfter(waitMs, last.message, options)
    : new DeliveryError(last.message, options)
}
