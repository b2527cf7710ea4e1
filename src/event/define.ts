import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { WindowSet } from '../availability/index.ts'
import type { Grouping } from '../channel/channel.ts'
import type { RetryPolicy } from '../channel/retry.ts'
import type { Storable } from './storable.ts'

export interface EventDefinition<
  Schema extends StandardSchemaV1 = StandardSchemaV1,
  ChannelName extends string = string,
  Options = Readonly<Record<string, unknown>>,
> {
  /** For people: shown where operators choose or read. Default: the name. */
  readonly label?: string
  /** Any Standard Schema (zod, valibot, arktype, …) of an object that can be stored as JSON. */
  readonly context: Schema
  /** Default: every channel that has templates for the event. */
  readonly channels?: readonly ChannelName[]
  /** Overtakes everything that is not urgent: for password resets and the like. */
  readonly urgent?: boolean
  /**
   * When its messages may go out, as the recipient's wall clock reads; the windows of the channel
   * must be open too. Default: at any time. Operators can set others (`envoyer.windows`).
   */
  readonly windows?: WindowSet
  /** Over how long messages are spread that wait for the same opening. Default: the channel's. */
  readonly spreadMs?: number
  /** Its messages pass all windows by: for alarms and password resets. */
  readonly immediate?: boolean
  /** Instead of the channel's. */
  readonly retry?: RetryPolicy
  /** By channel name, instead of the channel's: a group mail, say. */
  readonly grouping?: Readonly<Record<string, Grouping>>
  /** Instead of the fallbacks of the channels: where each of them falls back to. */
  readonly fallback?: ChannelName
  /**
   * The context, or these keys of it, hold secrets: they are encrypted at rest (that takes a secret
   * key), and erased once every delivery is settled. What was sent is not kept then, and of errors
   * and receipts nothing that could repeat it.
   */
  readonly sensitive?: true | readonly string[]
  /** Options of each channel's messages, by channel name; those of a call are laid over them. */
  readonly channelOptions?: Options
}

interface SensitiveKeys<Schema extends StandardSchemaV1> {
  readonly sensitive?: true | readonly KeyOf<StandardSchemaV1.InferInput<Schema>>[]
}

/** Of a union, the keys of all its members. */
type KeyOf<T> = T extends unknown ? keyof T & string : never

/**
 * Declares an event. A context that cannot be stored as JSON, or that uses a reserved key, is a
 * compile error.
 *
 * ```ts
 * const orderShipped = defineEvent({
 *   label: 'Order shipped',
 *   context: z.object({ orderId: z.string() }),
 *   channels: ['email'],
 * })
 * ```
 */
export function defineEvent<
  const Schema extends StandardSchemaV1,
  const ChannelName extends string = never,
  const Options extends Readonly<Record<string, unknown>> = Record<never, never>,
  const Groups extends Readonly<Record<string, Grouping>> = Record<never, never>,
>(
  event: EventDefinition<Schema, ChannelName, Options> &
    Storable<Schema> &
    SensitiveKeys<Schema> & { readonly grouping?: Groups },
  // Not from the place where the result goes: an event without `channels` names none.
): EventDefinition<Schema, NoInfer<ChannelName> | (keyof (Options & Groups) & string), Options> {
  return event
}
