import type { EntityManager } from './database/handle.ts'
import { toError } from './errors.ts'
import { contextJsonSchema } from './event/context.ts'
import {
  checkConfiguration,
  type EnvoyerOptions,
  type FailureReport,
} from './option/configuration.ts'
import type {
  ChannelMap,
  ContextOf,
  EventMap,
  EventsOn,
  PartNames,
  Reachable,
  Recipients,
} from './option/infer.ts'
import { parseSendOptions, type SendOptions } from './option/send-options.ts'
import type { SendResult } from './outbox/result.ts'
import { createSettings } from './setting/settings.ts'
import { createEmitter, type Listener, type Signals } from './signal/signals.ts'
import type { Templates } from './template/contract.ts'
import { createTemplates } from './template/index.ts'
import { createFollowUp } from './wiring/follow-up.ts'
import { createOpening } from './wiring/open.ts'
import {
  createDeliveries,
  createSettingsFace,
  createTemplateFace,
  type Deliveries,
  type Settings,
  type TemplateFace,
} from './wiring/operate.ts'
import { carrierOf, wireSend } from './wiring/send.ts'
import { type Completed, createWaitFor, type WaitOptions } from './wiring/wait.ts'
import { work } from './wiring/work.ts'
import type { Worker, WorkerOptions } from './worker/worker.ts'

/** A worker's options with the names of the configured channels. */
export interface WorkOptions<ChannelName extends string> extends Omit<WorkerOptions, 'channels'> {
  /** Channels that this worker serves. Default: all. */
  readonly channels?: readonly ChannelName[]
}

export interface Envoyer<
  Events extends EventMap,
  Channels extends ChannelMap,
  User = unknown,
  OwnAddress extends string = never,
> {
  /**
   * Writes a notification with a delivery for each recipient and channel to the outbox. When it
   * returns, the messages will be sent, or end as failed with their reasons.
   *
   * @param recipients One, an array (written in one transaction), or an iterable (a transaction a
   * thousand deliveries, in bounded memory).
   * @throws EnvoyerError with the codes `event-unknown`, `channel-unknown`, `context-invalid`,
   * `context-not-json`, `template-missing`, `option-invalid`, `recipients-invalid`, `key-reused`,
   * `channel-options`, `address-secret`, `other-database`, `transaction-open`. Nothing is written then.
   */
  send<Name extends keyof Events & string, Recipient extends object>(
    event: Name,
    recipients: Recipients<Recipient> & Reachable<Recipient, Channels, User, OwnAddress>,
    context: ContextOf<Events[Name]>,
    options?: SendOptions<Events, Channels>,
  ): Promise<SendResult>
  /** Starts delivering in this process. Several processes may. */
  worker(options?: WorkOptions<keyof Channels & string>): Promise<Worker>
  /** Calls the listener for a signal of this process; gives the function that takes it off. */
  on<Name extends keyof Signals>(name: Name, listener: Listener<Name>): () => void
  /** Waits until every delivery of a notification is settled. Throws `wait-timeout`, `not-found`. */
  waitFor(
    notification: string | { readonly notificationId: string },
    options?: WaitOptions,
  ): Promise<Completed>
  readonly deliveries: Deliveries
  readonly settings: Settings<keyof Channels & string>
  readonly templates: TemplateFace<keyof Events & string, PartNames<Channels>>
  /**
   * Runs `run` in one transaction of the database that holds our tables; pass `manager` to `send`
   * as `database`. For applications whose own tables live there too.
   */
  transaction<T>(run: (manager: EntityManager) => Promise<T>): Promise<T>
  /** Creates our tables or brings them up to date: a deploy step on PostgreSQL. */
  migrate(): Promise<void>
  /** Stops the workers of this process and closes all that is open. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Types the options of `createEnvoyer` where they stand alone, as in `envoyer.config.ts`. */
export function defineConfig<
  const Channels extends ChannelMap,
  const Events extends EventsOn<Channels>,
  // biome-ignore lint/suspicious/noExplicitAny: a recipient may be anything until an address function says more
  User = any,
  OwnAddress extends Extract<keyof Channels, string> = never,
>(
  options: EnvoyerOptions<Events, Channels, User, OwnAddress>,
): EnvoyerOptions<Events, Channels, User, OwnAddress> {
  return options
}

function reporter(onFailure: ((failure: FailureReport) => void) | undefined) {
  return (failure: FailureReport) => {
    try {
      if (onFailure) onFailure(failure)
      else if (failure.kind === 'internal') console.error('envoyer:', failure.error)
    } catch (thrown) {
      console.error('envoyer: onFailure threw', thrown)
    }
  }
}

/**
 * Makes an envoyer of events, channels and surroundings. It checks the whole configuration and
 * opens nothing until it is first used.
 *
 * @throws EnvoyerError `configuration-invalid` with every problem found.
 */
export function createEnvoyer<
  const Channels extends ChannelMap,
  const Events extends EventsOn<Channels>,
  // biome-ignore lint/suspicious/noExplicitAny: a recipient may be anything until an address function says more
  User = any,
  OwnAddress extends Extract<keyof Channels, string> = never,
>(
  options: EnvoyerOptions<Events, Channels, User, OwnAddress>,
): Envoyer<Events, Channels, User, OwnAddress> {
  const configuration = checkConfiguration(options as never)
  const { events, channels, locale } = configuration
  const report = reporter(configuration.onFailure)
  const onError = (error: Error) => report({ kind: 'internal', error })
  const emitter = createEmitter(onError)
  emitter.on('delivery:failed', (failed) => report({ kind: 'delivery', ...failed }))

  const opening = createOpening(configuration, onError)
  const { open } = opening
  let templates: Templates | undefined
  const useTemplates = () => {
    templates ??= createTemplates({
      directory: configuration.templates,
      locale,
      fallbacks: configuration.fallbackLocales ?? [],
      channels: Object.fromEntries(
        Object.entries(channels).map(([name, channel]) => [name, channel.definition.parts]),
      ),
      schemas: Object.fromEntries(
        Object.entries(events).map(([name, event]) => [name, contextJsonSchema(event)]),
      ),
      listed: Object.fromEntries(
        Object.entries(events).flatMap(([name, event]) =>
          event.channels ? [[name, event.channels]] : [],
        ),
      ),
      ...(configuration.filters ? { filters: configuration.filters } : {}),
      ...(configuration.templateLimits ? { limits: configuration.templateLimits } : {}),
    })
    return templates
  }
  const settings = createSettings(
    `"${configuration.schema}"`,
    async () => (await open()).database,
    (overrides) => useTemplates().override(overrides),
    onError,
  )
  const workers = new Set<Worker>()
  const wired = async () => {
    const opened = await open()
    return { configuration, opened, settings, templates: useTemplates(), emitter }
  }
  const sender = async () => wireSend({ ...(await wired()), workers })
  const followUp = createFollowUp(configuration, open, sender, onError)
  const operate = { configuration, open, settings, templates: useTemplates, emitter, followUp }

  const close = async () => {
    await Promise.all([...workers].map((worker) => worker.stop()))
    await opening.close()
    await Promise.all(Object.values(channels).map((channel) => channel.backend.close?.()))
  }
  return {
    async send(event, recipients, context, sendOptions = {}) {
      const { database, ...given } = sendOptions
      const terms = parseSendOptions(given as never, event, events, channels)
      const carrier = await carrierOf(await open(), configuration.schema, database)
      return (await sender())(event, recipients as object, context, terms, carrier)
    },
    async worker(workerOptions = {}) {
      const worker = await work({ ...(await wired()), followUp, onError }, workerOptions)
      workers.add(worker)
      const release = stopOnSignals(
        worker,
        workerOptions.stopOn ?? ['SIGTERM', 'SIGINT'],
        close,
        onError,
      )
      void worker.stopped.then(() => {
        workers.delete(worker)
        release()
      })
      return worker
    },
    on: (name, listener) => emitter.on(name, listener),
    waitFor: createWaitFor(open, emitter),
    deliveries: createDeliveries(operate),
    settings: createSettingsFace(operate),
    templates: createTemplateFace(operate),
    transaction: async (run) => (await open()).database.source.transaction(run),
    migrate: () => opening.migrate(),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/**
 * Stops the worker when the process is told to end. Then all is closed and the signal has its
 * ordinary effect, unless the application listens for it too: then it goes on from there.
 */
function stopOnSignals(
  worker: Worker,
  names: readonly NodeJS.Signals[],
  close: () => Promise<void>,
  onError: (error: Error) => void,
): () => void {
  const handle = (name: NodeJS.Signals) => {
    const end = async () => {
      await worker.stop()
      if (process.listenerCount(name) > 0) return
      await close()
      process.kill(process.pid, name)
    }
    end().catch((thrown) => onError(toError(thrown)))
  }
  for (const name of names) process.on(name, handle)
  return () => {
    for (const name of names) process.off(name, handle)
  }
}
