import { codeOf, EnvoyerError } from '../errors.ts'
import type { SendProgress } from '../outbox/result.ts'
import type { DeliveryStatus } from '../outbox/status.ts'
import { carriedRecipient } from '../recipient/carried.ts'
import type { Reschedule, Rescheduled } from '../wiring/reschedule.ts'
import type { WorkerOptions } from '../worker/worker.ts'
import type { Home } from './home.ts'
import { methodAt, wayOf } from './operations.ts'
import type { Answer, Call } from './peer.ts'
import { receiveRecipients, type SentRecipients } from './receive.ts'

/** A result of `send` without what only lives in its process. */
export type FlatResult = Omit<Awaited<ReturnType<Home['envoyer']['send']>>, 'all'>

/** How often a client is told how many deliveries the worker has in flight. */
const tellEveryMs = 200

/** What the owner does for who asks. */
export function createAnswers(home: Home): Answer {
  const special = specialAnswers(home)
  return async (name, args, call) => {
    if (Object.hasOwn(special, name)) return special[name]!(args as never, call)
    if (wayOf(name) === 'asked') return methodAt(home.envoyer, name)(...args)
    throw new EnvoyerError('option-invalid', `there is no operation "${name}" for other processes`)
  }
}

type Special = Readonly<Record<string, (args: never, call: Call) => Promise<unknown>>>

/** Those that differ from the method of the same name. */
function specialAnswers(home: Home): Special {
  const { envoyer } = home
  const { deliveries } = envoyer
  /** What was done before its answer was lost: the delivery is as it was to be. */
  const unlessDone = async <T>(
    { again }: Call,
    id: string,
    done: readonly DeliveryStatus[],
    act: () => Promise<T>,
  ) => {
    try {
      return { did: await act() }
    } catch (thrown) {
      if (!again || codeOf(thrown, '') !== 'delivery-state') throw thrown
      const found = await deliveries.get(id)
      if (!done.includes(found.status)) throw thrown
      return { found }
    }
  }
  return {
    send: async ([event, recipients, context, options, key]: SendArguments) => {
      const received = receiveRecipients(recipients, key !== undefined)
      const onProgress = async (progress: SendProgress) => {
        received.written()
        await options.onProgress?.(progress)
      }
      const keyed = { ...options, onProgress, ...(key === undefined ? {} : { key }) }
      const list = await received.recipients()
      const sending = envoyer.send(event, list, context, keyed)
      const { all: _, ...flat } = await sending.catch(async (thrown) => {
        // Nobody but the client can go on with a key of its own making, and it will not.
        if (received.isPartlyWritten()) await envoyer.send(event, new Set(), context, keyed)
        throw thrown
      })
      received.check()
      return flat satisfies FlatResult
    },
    migrate: (args: Parameters<typeof envoyer.migrate>) => envoyer.migrate(...args),
    'send.page': ([id, after]: [string, string]) => home.page(id, after),
    explain: ([event, item, options]: [string, string, object?]) =>
      envoyer.explain(event, carriedRecipient(JSON.parse(item)), options),
    waitFor: ([id, options]: [string, object]) => envoyer.waitFor(id, options),
    worker: ([options, told]: WorkArguments, { signal }) => workFor(home, options, told, signal),
    'deliveries.resend': ([id, newId]: [string, string]) => home.resendAs(id, newId),
    'deliveries.retry': async ([id]: [string], call) => {
      await unlessDone(call, id, ['pending', 'sending', 'sent'], () => deliveries.retry(id))
    },
    'deliveries.cancel': async ([id]: [string], call) => {
      await unlessDone(call, id, ['cancelled'], () => deliveries.cancel(id))
    },
    'deliveries.reschedule': async (
      [id, to]: [string, Reschedule?],
      call,
    ): Promise<Rescheduled> => {
      const act = () => deliveries.reschedule(id, to)
      const { did, found } = await unlessDone(call, id, ['sending', 'sent'], act)
      return did ?? { sendAt: found!.sendAt, reason: found!.reason }
    },
  }
}

type SendArguments = [
  event: string,
  recipients: SentRecipients,
  context: unknown,
  options: { readonly onProgress?: (progress: SendProgress) => unknown },
  /** Made by the client, where the caller gave none. */
  key?: string,
]
type WorkArguments = [options: WorkerOptions, told: (inFlight: number) => Promise<unknown>]

/** Works for a client until it takes that back, or is gone. */
async function workFor(
  home: Home,
  options: WorkerOptions,
  told: WorkArguments[1],
  signal: AbortSignal,
): Promise<void> {
  const worker = await home.work(options)
  let last = -1
  const tell = () => {
    const now = worker.inFlight()
    if (now === last) return
    last = now
    // A client that is gone has taken its question back with that.
    told(now).catch(() => {})
  }
  tell()
  const timer = setInterval(tell, tellEveryMs)
  timer.unref()
  const stop = () => void worker.stop()
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  try {
    await worker.stopped
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', stop)
  }
}
