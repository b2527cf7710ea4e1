import type { JsonObject } from '../event/json.ts'
import type { Backends } from './backends.ts'
import type { Receipt } from './receipt.ts'

/** One message on its way to one address: everything that a backend needs to send it. */
export interface Outgoing<
  Address = unknown,
  Message = Readonly<Record<string, string>>,
  Options = unknown,
> {
  /** The delivery's id (uuid v7). The same on every attempt: pass it on as idempotency key. */
  readonly id: string
  readonly notificationId: string
  /** 1 for the first try. */
  readonly attempt: number
  readonly event: string
  readonly channel: string
  /** Where it goes; the first of `addresses`. */
  readonly address: Address
  /** All that it goes to: one, or a group on a channel that sends `together`. */
  readonly addresses: readonly Address[]
  /** The rendered parts. */
  readonly message: Message
  /** The options of the channel for this message: the event's, overlaid by the call's. */
  readonly options: Options
  /** The event's context as the schema gave it. */
  readonly context: Readonly<Record<string, unknown>>
  /** The same as it was given to `send` and stored. */
  readonly input: JsonObject
  /** What is stored of the recipient; the first of `recipients`. */
  readonly recipient: JsonObject
  readonly recipients: readonly JsonObject[]
  readonly locale: string
  readonly zone: string
  /** When `send` was called. */
  readonly createdAt: Date
  /** When this try began, by the database's clock; that of the worker's machine may be wrong. */
  readonly startedAt: Date
  /** For backends made of backends. */
  readonly backends?: Backends
  /**
   * The trace that this try is part of (W3C Trace Context), where the application traces: for
   * providers that carry it on.
   */
  readonly traceparent?: string | undefined
  /**
   * Aborted when the attempt's time is up, or the worker must stop. Attempts that began together
   * share it, so take off what you have listening on it.
   */
  readonly signal: AbortSignal
}

/** What a look at one thing of the set-up has found. No secrets: it is printed. */
export interface Observation {
  /** `skipped`: there was nothing to look at, or it could not be looked at. */
  readonly level: 'ok' | 'warning' | 'error' | 'skipped'
  /** What was seen. */
  readonly message: string
  /** What to do. */
  readonly remedy?: string
}

/** One thing of a backend's set-up that `doctor` looks at. What `look` throws is an error found. */
export interface BackendCheck {
  /** Stable, for monitoring: `dkim`. */
  readonly name: string
  look(): Promise<Observation>
}

/** How one of several ended. */
export type Answer = Receipt | Error

/**
 * One provider of a channel. `send` resolves when the provider has taken the message, and throws
 * `Permanent` (give up), `RetryAfter` (not before), or anything else (try again).
 */
export interface Backend<
  Address = unknown,
  Message = Readonly<Record<string, string>>,
  Options = unknown,
> {
  readonly name: string
  /** Of a backend made of backends: the names of all of them, for monitoring. */
  readonly members?: readonly string[]
  send(outgoing: Outgoing<Address, Message, Options>): Promise<Receipt>
  /**
   * Sends several in one request; for providers that take them so. It gives one answer each, in the
   * same order: the receipt, or the error that `send` would have thrown. What it throws is the
   * answer of all. `send` is still used where there is only one.
   */
  sendMany?(
    outgoing: readonly Outgoing<Address, Message, Options>[],
    /** Aborted when that of every single one is. */
    signal: AbortSignal,
  ): Promise<readonly Answer[]>
  /** How many `sendMany` takes at most. Default 100. */
  readonly manyAtMost?: number
  /** Proves that the provider can be reached and accepts our credentials; throws where not. */
  verify?(): Promise<void>
  /**
   * What `doctor` looks at beyond `verify`: DNS entries, agreements with a provider. `options` are
   * those that the events of the application give for messages of this channel, one of each event.
   */
  checks?(options: readonly Options[]): readonly BackendCheck[]
  close?(): Promise<void>
}
