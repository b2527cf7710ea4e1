import { resolve } from 'node:path'
import { codeOf, EnvoyerError, toError } from '../errors.ts'
import { checkContext } from '../event/context.ts'
import { named } from '../names.ts'
import type { Configuration } from '../option/configuration.ts'
import { parseSendOptions } from '../option/send-options.ts'
import type { QueuedDelivery } from '../outbox/find.ts'
import { createId } from '../outbox/id.ts'
import { inPages, type SendProgress, type SendResult } from '../outbox/result.ts'
import type { Completed, WaitOptions } from '../wiring/wait.ts'
import type { Worker, WorkerOptions } from '../worker/worker.ts'
import type { FlatResult } from './answers.ts'
import type { Home } from './home.ts'
import { methodAt, wayOf } from './operations.ts'
import type { Ask, Reach } from './reach.ts'
import { createReader, lostMidway, type Outgoing, sendRecipients } from './recipients.ts'
import { startStandingWorker } from './standing-worker.ts'

/** Starts workers that stop with the process and the envoyer. */
export type Starting = (
  start: (options: WorkerOptions) => Promise<Worker>,
) => (options?: WorkerOptions) => Promise<Worker>

export interface FaceParts {
  readonly configuration: Configuration
  readonly home: Home
  readonly reach: Reach
  readonly starting: Starting
  onError(error: Error): void
}

type Method = (...args: never[]) => unknown

/**
 * The envoyer whose methods work in every process: here where it owns the database, through the owner
 * where it does not.
 */
export function createFace<Envoyer extends object>(envoyer: Envoyer, parts: FaceParts): Envoyer {
  const own: Readonly<Record<string, Method>> = {
    send: createSend(parts),
    waitFor: createWaitFor(parts),
    explain: createExplain(parts),
    'deliveries.resend': createResend(parts),
    'templates.export': createExport(parts, methodAt(envoyer, 'templates.export')),
    migrate: createMigrate(parts),
    worker: createWorker(parts),
    transaction: createTransaction(parts, methodAt(envoyer, 'transaction')),
  }
  const wrap = (name: string, method: Method): Method => {
    if (Object.hasOwn(own, name)) return own[name]!
    if (wayOf(name) !== 'asked') return method
    return (...args: never[]) =>
      parts.reach.run(async (ask) => (ask ? ask(name, args) : method(...args)))
  }
  const wrapAll = (object: object, before: string): object =>
    Object.fromEntries(
      Reflect.ownKeys(object).map((key) => {
        const value = (object as Record<PropertyKey, unknown>)[key]
        if (typeof key === 'symbol') return [key, value]
        const name = `${before}${key}`
        if (typeof value === 'function') return [key, wrap(name, value as Method)]
        // Names and the like are the same in every process.
        if (!hasMethods(value)) return [key, value]
        return [key, wrapAll(value as object, `${name}.`)]
      }),
    )
  return wrapAll(envoyer, '') as Envoyer
}

const hasMethods = (value: unknown) =>
  Object.values(value as object).some((each) => typeof each === 'function')

/** Of what needs a transaction, in a process that has no connection of its own. */
function refuseTransaction(what: string): EnvoyerError {
  return new EnvoyerError(
    'database-locked',
    `${what} works in the process that owns the database, and here only when this one owns it`,
  )
}

function createTransaction({ reach }: FaceParts, transaction: Method) {
  return (run: never) =>
    reach.run(async (ask) => {
      if (ask) throw refuseTransaction('`transaction`')
      return transaction(run)
    })
}

function createExport({ reach }: FaceParts, write: Method) {
  return (folder: string, ...rest: never[]) => {
    // The owner may have another working directory.
    const args = [resolve(folder), ...rest]
    return reach.run(async (ask) =>
      ask ? ask('templates.export', args) : write(...(args as never[])),
    )
  }
}

function createWorker({ reach, home, starting, onError }: FaceParts) {
  return starting(async (options) => {
    const here = await reach.run(async (ask) => (ask ? undefined : home.workHere(options)))
    return here ?? startStandingWorker(reach, home.workHere, options, onError)
  })
}

interface Given {
  readonly database?: unknown
  readonly key?: string
  readonly onProgress?: (progress: SendProgress) => void | Promise<void>
}

function createSend({ configuration, home, reach, onError }: FaceParts) {
  const { events, channels } = configuration
  const read = createReader(configuration)
  return async (
    event: string,
    recipients: object,
    context: unknown,
    given: Given = {},
  ): Promise<SendResult> => {
    // Made once for all tries: the same key is written once, whoever writes it.
    const madeKey = given?.key === undefined ? createId() : undefined
    let outgoing: Outgoing | undefined
    const begin = async (): Promise<Outgoing> => {
      const { database, ...options } = given
      // What is wrong with the call is told as at home, before anything leaves.
      parseSendOptions(options, event, events, channels)
      if (database !== undefined) throw refuseTransaction('`send` with `database`')
      await checkContext(event, named('event', events, event), context)
      return sendRecipients(recipients, read)
    }
    const through = async (ask: Ask): Promise<SendResult> => {
      const first = outgoing === undefined
      outgoing ??= await begin()
      const { database: _, onProgress, ...rest } = given
      const options = onProgress
        ? { ...rest, onProgress: progressOf(onProgress, madeKey !== undefined, onError) }
        : rest
      const send = (sent: unknown) => ask('send', [event, sent, context, options, madeKey])
      if (!first && !outgoing.rewind()) {
        // It ends with what is written: nobody could go on with it.
        if (madeKey !== undefined) await send({ kind: 'many', next: async () => nothing })
        throw lostMidway(event)
      }
      const flat = (await send(outgoing.sent)) as FlatResult
      return resultOf({ reach, home }, madeKey === undefined ? flat : { ...flat, repeated: false })
    }
    try {
      return await reach.run((ask) =>
        ask ? through(ask) : home.envoyer.send(event, recipients, context, given as object),
      )
    } catch (thrown) {
      if (outgoing?.failure) throw outgoing.failure.thrown
      throw thrown
    } finally {
      await outgoing?.end()
    }
  }
}

const nothing = { items: [], done: true }

/** What a listener throws is told here, as it is at home; it must not stop the call. */
function progressOf(
  onProgress: NonNullable<Given['onProgress']>,
  madeKey: boolean,
  onError: FaceParts['onError'],
) {
  return async (progress: SendProgress) => {
    try {
      // With a key of our own it goes on with nothing but itself.
      await onProgress(madeKey ? { ...progress, continued: false } : progress)
    } catch (thrown) {
      onError(toError(thrown))
    }
  }
}

function resultOf(
  { reach, home }: Pick<FaceParts, 'reach' | 'home'>,
  flat: FlatResult,
): SendResult {
  const { notificationId } = flat
  const pageAfter = (after: string) =>
    reach.run(async (ask) =>
      ask
        ? ((await ask('send.page', [notificationId, after])) as QueuedDelivery[])
        : home.page(notificationId, after),
    )
  return { ...flat, all: () => inPages(pageAfter) }
}

function createWaitFor({ home, reach }: FaceParts) {
  return async (
    notification: string | { readonly notificationId: string },
    options: WaitOptions = {},
  ): Promise<Completed> => {
    const id = typeof notification === 'string' ? notification : notification.notificationId
    const { timeoutMs = 30_000, signal } = options
    const until = performance.now() + timeoutMs
    let asked = false
    const work = async (ask: Ask | undefined) => {
      if (!ask) return home.envoyer.waitFor(id, options)
      signal?.throwIfAborted()
      // Of the next owner only the rest of the time is asked.
      const leftMs = asked ? Math.max(0, Math.round(until - performance.now())) : timeoutMs
      asked = true
      return (await ask(
        'waitFor',
        [id, { timeoutMs: leftMs, signal }],
        signal ? { signal } : {},
      )) as Completed
    }
    try {
      return await reach.run(work, { long: true })
    } catch (thrown) {
      // A reason does not survive the way to the owner and back.
      signal?.throwIfAborted()
      throw thrown
    }
  }
}

function createExplain({ configuration, home, reach }: FaceParts) {
  const { events, channels } = configuration
  const read = createReader(configuration)
  return (event: string, recipient: object, options?: object) =>
    reach.run(async (ask) => {
      if (!ask) return home.envoyer.explain(event, recipient, options)
      parseSendOptions(options ?? {}, event, events, channels)
      named('event', events, event)
      return ask('explain', [event, read(recipient, 0), options])
    })
}

function createMigrate({ home, reach }: FaceParts) {
  const { migrate } = home.envoyer
  return async (...args: Parameters<typeof migrate>) => {
    try {
      // Not by way of opening: that may refuse, since the tables are old.
      return await migrate(...args)
    } catch (thrown) {
      if (codeOf(thrown, '') !== 'database-locked') throw thrown
      return reach.run(async (ask) => (ask ? ask('migrate', args) : migrate(...args)))
    }
  }
}

function createResend({ home, reach }: FaceParts) {
  return (id: string) => {
    const newId = createId()
    return reach.run(async (ask) =>
      ask ? ask('deliveries.resend', [id, newId]) : home.resendAs(id, newId),
    )
  }
}
