import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { RetryPolicy } from '../channel/retry.ts'
import type { NotJson } from './json.ts'

/** Names that templates use for themselves; no context may have them. */
export const reservedKeys = ['recipient', 'envoyer'] as const
type ReservedKey = (typeof reservedKeys)[number]

export interface EventDefinition<
  Schema extends StandardSchemaV1 = StandardSchemaV1,
  ChannelName extends string = string,
> {
  /** For people: shown where operators choose or read. Default: the name. */
  readonly label?: string
  /** Any Standard Schema (zod, valibot, arktype, …) of an object that can be stored as JSON. */
  readonly context: Schema
  /** Default: every channel that has templates for the event. */
  readonly channels?: readonly ChannelName[]
  /** Overtakes everything that is not urgent: for password resets and the like. */
  readonly urgent?: boolean
  /** Instead of the channel's. */
  readonly retry?: RetryPolicy
  /** Options of each channel's messages, by channel name; those of a call are laid over them. */
  readonly channelOptions?: Readonly<Record<string, unknown>>
}

type ContextProblem<Input> = [NotJson<Input>] extends [never]
  ? ReservedKey & keyof Input extends never
    ? never
    : `the context key "${ReservedKey & keyof Input & string}" is reserved for templates`
  : `the context's "${NotJson<Input>}" cannot be stored as JSON`

/** Nothing where the schema's input can be stored; else what is wrong, as the type of `context`. */
type Storable<Schema extends StandardSchemaV1> = [
  ContextProblem<StandardSchemaV1.InferInput<Schema>>,
] extends [never]
  ? unknown
  : { readonly context: ContextProblem<StandardSchemaV1.InferInput<Schema>> }

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
>(
  event: EventDefinition<Schema, ChannelName> & Storable<Schema>,
  // Not from the place where the result goes: an event without `channels` names none.
): EventDefinition<Schema, NoInfer<ChannelName>> {
  return event
}
