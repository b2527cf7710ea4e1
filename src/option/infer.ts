import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AnyChannel, Channel } from '../channel/channel.ts'
import type { EventDefinition } from '../event/define.ts'

export type { AnyChannel }

export type ChannelMap = Readonly<Record<string, AnyChannel>>
export type EventMap<
  ChannelName extends string = string,
  Options = Readonly<Record<string, unknown>>,
> = Readonly<Record<string, EventDefinition<StandardSchemaV1, ChannelName, Options>>>

/** The events that fit the channels. */
export type EventsOn<Channels> = EventMap<keyof Channels & string, MessageOptions<Channels>>

/** What `send` takes for an event. */
export type ContextOf<Event> = Event extends {
  readonly context: infer Schema extends StandardSchemaV1
}
  ? StandardSchemaV1.InferInput<Schema>
  : never

/** The options of messages, by channel. A channel without options takes none. */
export type MessageOptions<Channels> = {
  readonly [Name in keyof Channels]?: MessageOptionsOf<Channels[Name]>
}

type MessageOptionsOf<C> =
  // biome-ignore lint/suspicious/noExplicitAny: only the third parameter is looked at
  C extends Channel<any, any, infer Options, any>
    ? [keyof Options] extends [never]
      ? Record<string, never>
      : Options
    : never

/** The names of the parts of each channel. */
export type PartNames<Channels> = {
  readonly [Name in keyof Channels]: PartNamesOf<Channels[Name]>
}

type PartNamesOf<C> =
  // biome-ignore lint/suspicious/noExplicitAny: only the second parameter is looked at
  C extends Channel<any, infer Parts, any, any> ? keyof Parts & string : never

// biome-ignore lint/suspicious/noExplicitAny: only the key is looked at
type KeyOf<C> = C extends Channel<any, any, any, infer Key> ? Key : never

/** `true` where some channel reaches anybody, as the console does. */
type ReachesAnybody<Channels> = {
  [Name in keyof Channels]: [KeyOf<Channels[Name]>] extends [never] ? true : never
}[keyof Channels]

type AddressKeys<Channels> = { [Name in keyof Channels]: KeyOf<Channels[Name]> }[keyof Channels]

/** `true` for each member of a union of recipients that some configured channel can reach. */
type Reached<Recipient, Channels, User, OwnAddress> = Recipient extends unknown
  ? Extract<keyof Recipient, AddressKeys<Channels>> extends never
    ? [OwnAddress] extends [never]
      ? never
      : Recipient extends User
        ? true
        : never
    : true
  : never

/**
 * Nothing where at least one member of the recipients' type can be reached, else an impossible
 * demand that says so.
 */
export type Reachable<Recipient, Channels, User, OwnAddress> = [Recipient] extends [never]
  ? unknown // an empty array
  : [
        | (0 extends 1 & Recipient ? true : never)
        | ReachesAnybody<Channels>
        | Reached<Recipient, Channels, User, OwnAddress>,
      ] extends [never]
    ? {
        readonly 'no configured channel reaches this recipient: it has none of the keys': AddressKeys<Channels>
      }
    : unknown

export type Recipients<Recipient> =
  | Recipient
  | readonly Recipient[]
  | Iterable<Recipient>
  | AsyncIterable<Recipient>
