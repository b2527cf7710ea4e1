import type { WindowSet } from '../availability/index.ts'
import type { AddressType } from './address.ts'
import type { Backend } from './backend.ts'
import { definitionProblems } from './definition-problems.ts'
import { unknownKeys } from './known-keys.ts'
import type { PartSpecs, Rendered } from './part.ts'
import { defaultRetry, type RetryPolicy } from './retry.ts'

/** At most `perSecond` on average, `burst` at once (default: one second's worth). */
export interface Rate {
  /** On average, over all workers together. */
  readonly perSecond: number
  /** At once. Default: one second's worth, 1 at least. */
  readonly burst?: number
}

/** `each` recipient a message of its own, or one message to all of them `together`. */
export type Grouping = 'each' | 'together'

/** A medium as data: what it needs to reach somebody, and what a message consists of. */
export interface ChannelDefinition<Address, Parts extends PartSpecs, Options, Key extends string> {
  readonly address: AddressType<Address, Key>
  readonly parts: Parts
  /** Checks `channelOptions` of an event or a call; throws an Error whose text says what is wrong. */
  readonly parseOptions?: (options: unknown) => Options
  /** Lays the call's options over the event's. Default: key by key. */
  readonly mergeOptions?: (base: Options, over: Options) => Options
  /** Runs after rendering: makes what can be made from other parts (a text from the HTML). */
  readonly complete?: (message: Rendered<Parts>) => Rendered<Parts>
  /**
   * One message of this channel can go to a group of addresses, so many at most: then an application
   * may send `together`. Default: each address gets a message of its own.
   */
  readonly groupAtMost?: number
  /** Default: `defaultRetry`. */
  readonly retry?: RetryPolicy
  /** How many messages one worker has in flight. Default 50. */
  readonly concurrency?: number
}

/** What an application says about a channel that it uses. */
export interface ChannelOptions<Address, Parts extends PartSpecs, Options> {
  /** The provider that sends: `smtp({ … })` and the like. */
  readonly backend: Backend<Address, Rendered<Parts>, Options>
  /** Whether and when a failed message is tried again. Default: the channel's. */
  readonly retry?: RetryPolicy
  /** How many messages one worker has in flight. Default: the channel's, mostly 50. */
  readonly concurrency?: number
  /**
   * How many messages all workers together have in flight at most, for a provider that allows so
   * many connections. Default: no bound but that of each worker.
   */
  readonly overallConcurrency?: number
  /** One attempt's time. Default 30 s. */
  readonly timeoutMs?: number
  /** How fast messages go out, over all workers together. Default: no limit. */
  readonly rate?: Rate
  /**
   * When messages may go out, as the recipient's wall clock reads; the windows of the event must be
   * open too. Default: at any time. Operators can set others (`envoyer.windows`).
   */
  readonly windows?: WindowSet
  /**
   * Over how long messages are spread, evenly and never beyond the opening's end, that wait for the
   * same opening of windows. Default 0: all are due when it opens.
   */
  readonly spreadMs?: number
  /**
   * `together`: one message for all recipients of a `send` who have locale and zone in common, on a
   * channel that can do that; everybody in it may see the others. Default: `each`.
   */
  readonly grouping?: Grouping
  /**
   * Name of the channel over which a message goes that this one has given up, and over which those
   * are reached who cannot be reached here. Default: none.
   */
  readonly fallback?: string
}

/** A configured channel: the value of one key of `channels`. */
export interface Channel<
  Address = unknown,
  Parts extends PartSpecs = PartSpecs,
  Options = unknown,
  Key extends string = string,
> {
  readonly definition: ChannelDefinition<Address, Parts, Options, Key>
  readonly backend: Backend<Address, Rendered<Parts>, Options>
  readonly retry: RetryPolicy
  readonly concurrency: number
  readonly overallConcurrency: number | undefined
  readonly timeoutMs: number
  readonly rate: Rate | undefined
  readonly windows: WindowSet | undefined
  readonly spreadMs: number
  readonly grouping: Grouping
  readonly fallback: string | undefined
  /** What is wrong with the definition or the options; createEnvoyer refuses it. */
  readonly problems: readonly string[]
}

// biome-ignore lint/suspicious/noExplicitAny: a channel is used with its own types only through its own definition
export type AnyChannel = Channel<any, any, any, any>

const channelKeys = [
  ...['backend', 'retry', 'concurrency', 'overallConcurrency', 'timeoutMs', 'rate', 'windows'],
  ...['spreadMs', 'grouping', 'fallback'],
]

/**
 * Declares a channel. The result is called with a backend to configure it:
 *
 * ```ts
 * const pager = defineChannel({ address: pagerNumber, parts: { text: 'required' } })
 * createEnvoyer({ channels: { pager: pager({ backend }) }, … })
 * ```
 */
export function defineChannel<
  Address,
  const Parts extends PartSpecs,
  Options = Record<never, never>,
  const Key extends string = never,
>(definition: ChannelDefinition<Address, Parts, Options, Key>) {
  const ofDefinition = definitionProblems(definition).map((line) => `defineChannel: ${line}`)
  return (
    options: ChannelOptions<Address, Parts, Options>,
  ): Channel<Address, Parts, Options, Key> => ({
    definition,
    backend: options.backend,
    retry: options.retry ?? definition.retry ?? defaultRetry,
    concurrency: options.concurrency ?? definition.concurrency ?? 50,
    overallConcurrency: options.overallConcurrency,
    timeoutMs: options.timeoutMs ?? 30_000,
    rate: options.rate,
    windows: options.windows,
    spreadMs: options.spreadMs ?? 0,
    grouping: options.grouping ?? 'each',
    fallback: options.fallback,
    problems: [...ofDefinition, ...unknownKeys(options, channelKeys)],
  })
}
