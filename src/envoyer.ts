import type { EntityManager } from './database/handle.ts'
import type { Finding } from './doctor/finding.ts'
import { checkConfiguration, type EnvoyerOptions } from './option/configuration.ts'
import type {
  ChannelMap,
  ContextOf,
  EventMap,
  EventsOn,
  PartNames,
  Reachable,
  Recipients,
} from './option/infer.ts'
import type { SendOptions } from './option/send-options.ts'
import type { SendTiming } from './option/timing.ts'
import type { Pruned } from './outbox/prune.ts'
import type { SendResult } from './outbox/result.ts'
import type { Listener, Signals } from './signal/signals.ts'
import { assemble } from './wiring/assemble.ts'
import type { Erased } from './wiring/erase.ts'
import type { Explanation } from './wiring/explain.ts'
import type { MoveOptions, MoveResult } from './wiring/move.ts'
import type { Deliveries, Settings } from './wiring/operate.ts'
import type { PruneOptions } from './wiring/prune.ts'
import type { Status } from './wiring/status.ts'
import type { TemplateFace } from './wiring/template-face.ts'
import type { Completed, WaitOptions } from './wiring/wait.ts'
import type { Windows } from './wiring/windows.ts'
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
  /** Of all that is configured, in the order of the configuration. */
  readonly names: {
    readonly events: readonly (keyof Events & string)[]
    readonly channels: readonly (keyof Channels & string)[]
  }
  readonly deliveries: Deliveries
  readonly settings: Settings<keyof Channels & string>
  /** When messages may go out. */
  readonly windows: Windows<keyof Events & string, keyof Channels & string>
  /**
   * When the messages to one recipient would go out, and why then, in words and as data. Goes the
   * way of `send` and writes nothing; throws what that throws.
   */
  explain<Name extends keyof Events & string, Recipient extends object>(
    event: Name,
    recipient: Recipient & Reachable<Recipient, Channels, User, OwnAddress>,
    options?: Pick<
      SendOptions<Events, Channels>,
      keyof SendTiming | 'channels' | 'locale' | 'grouping'
    >,
  ): Promise<Explanation>
  readonly templates: TemplateFace<keyof Events & string, PartNames<Channels>>
  /**
   * Runs `run` in one transaction of the database that holds our tables; pass `manager` to `send`
   * as `database`. For applications whose own tables live there too.
   */
  transaction<T>(run: (manager: EntityManager) => Promise<T>): Promise<T>
  /** How the whole is doing. Cheap enough to be asked every few seconds, also of a big database. */
  status(): Promise<Status>
  /**
   * Removes notifications that were completed long ago, with their deliveries: oldest first, in
   * chunks, never what waits. It can be stopped at any point, and run by several at once. Throws
   * `option-invalid`.
   */
  prune(options?: PruneOptions): Promise<Pruned>
  /**
   * Takes a person out of what is kept, by the user id that the application gave or by a normalised
   * address (the `addressKey` of a delivery). What waits for them is cancelled; deliveries stay as
   * rows that are counted, without whom they were for. Throws `option-invalid`.
   */
  erase(
    whose: { readonly user: string | number } | { readonly to: string },
    options?: { readonly dryRun?: boolean },
  ): Promise<Erased>
  /**
   * Looks at the whole set-up, and says of each thing what is wrong and what to do: configuration,
   * database, tables, NOTIFY, Redis, the connection of every backend, DKIM, templates, secret key. It
   * takes five seconds at most for what does not answer, and never throws for what it finds.
   */
  doctor(): Promise<Finding[]>
  /**
   * Connects to the backend of a channel as a message would, and sends none. Throws what the backend
   * says, and `channel-unknown`. `supported` is false where the backend has no way to check.
   */
  verify(channel: keyof Channels & string): Promise<{ supported: boolean }>
  /**
   * The metrics of this process in the text format of Prometheus, for a server of one's own. Without
   * the option `monitor` it counts from the first call on.
   */
  metrics(): Promise<string>
  /**
   * Creates our tables or brings them up to date: a deploy step on PostgreSQL. Gives the names of
   * the migrations that ran; with `dryRun` of those that would, and changes nothing.
   */
  migrate(options?: { readonly dryRun?: boolean }): Promise<readonly string[]>
  /**
   * Copies all that the embedded database holds to PostgreSQL, in one transaction, closes this envoyer,
   * and has the old database refuse to be opened (`database-moved`), so that nothing goes out twice.
   * The application must not run meanwhile, and needs the same `secretKey` afterwards.
   *
   * @throws EnvoyerError `option-invalid`, `database-locked`, `database-unreachable`, `database-filled`.
   * Nothing is moved then.
   */
  move(options: MoveOptions): Promise<MoveResult>
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
  // Inside, names are plain texts; the types are for callers.
  return assemble(checkConfiguration(options as never)).envoyer as Envoyer<never, never> as Envoyer<
    Events,
    Channels,
    User,
    OwnAddress
  >
}
