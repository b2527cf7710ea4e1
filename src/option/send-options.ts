import type { Grouping } from '../channel/channel.ts'
import { unknownKeys } from '../channel/known-keys.ts'
import type { DatabaseHandle } from '../database/handle.ts'
import { EnvoyerError, toError } from '../errors.ts'
import { findNotJson, isStorable, type Json, type JsonObject } from '../event/json.ts'
import type { SendProgress } from '../outbox/result.ts'
import type { OnProgress, SendTerms } from '../send.ts'
import { groupingProblems } from './grouping.ts'
import type { ChannelMap, ContextOf, EventMap, MessageOptions } from './infer.ts'
import { readTiming, type SendTiming } from './timing.ts'

/** What is to be sent once every delivery of a notification is settled. */
export type OnCompleted<Events extends EventMap> = {
  readonly [Name in keyof Events & string]: {
    readonly event: Name
    /** One recipient or several; plain JSON, since they are stored. */
    readonly recipients: object | readonly object[]
    readonly context: ContextOf<Events[Name]>
  }
}[keyof Events & string]

export interface SendOptions<Events extends EventMap, Channels extends ChannelMap>
  extends SendTiming {
  /** Only these channels. Default: the event's. */
  readonly channels?: readonly (keyof Channels & string)[]
  /**
   * Idempotency key, unique per event: the same key and context gives the first result again.
   * It lives as long as its notification is kept.
   */
  readonly key?: string
  /** For all recipients, instead of their own. A BCP 47 tag. */
  readonly locale?: string
  /** Overtakes what is not urgent. Default: the event's. */
  readonly urgent?: boolean
  /** By channel: a message each, or one to all `together`. Default: the event's, else the channel's. */
  readonly grouping?: { readonly [Name in keyof Channels]?: Grouping }
  /** Options of the channels' messages, laid over the event's. */
  readonly channelOptions?: MessageOptions<Channels>
  /** Sent in the same transaction that settles the last delivery. */
  readonly onCompleted?: OnCompleted<Events>
  /**
   * Told how far it is after each transaction: of an iterable after every thousand deliveries, or
   * after a second where they come slowly; of an array once. `send` waits for what it returns. What
   * it throws is reported to `onFailure`, and stops nothing.
   */
  readonly onProgress?: (progress: SendProgress) => void | Promise<void>
  /**
   * The caller's own transaction: a TypeORM EntityManager or a `pg` client of the database that
   * holds our tables. Nothing goes out unless it commits.
   */
  readonly database?: DatabaseHandle
}

interface Loose extends SendTiming {
  readonly channels?: readonly string[]
  readonly key?: string
  readonly locale?: string
  readonly urgent?: boolean
  readonly grouping?: Readonly<Record<string, Grouping>>
  readonly channelOptions?: Readonly<Record<string, unknown>>
  readonly onCompleted?: { event: string; recipients: object; context: unknown }
  readonly onProgress?: OnProgress
}

const known = [
  ...['channels', 'key', 'at', 'immediate', 'now', 'deadline', 'deadlineMs', 'afterDeadline'],
  ...['locale', 'urgent', 'grouping', 'channelOptions', 'onCompleted', 'onProgress', 'database'],
] as const satisfies readonly (keyof SendOptions<EventMap, ChannelMap>)[]

function problemsOf(options: Loose, events: EventMap, channels: ChannelMap): string[] {
  const problems = unknownKeys(options, known)
  const { key, locale, urgent, onCompleted, channelOptions } = options
  if (
    options.channels !== undefined &&
    (!Array.isArray(options.channels) || options.channels.length === 0)
  ) {
    problems.push('`channels` must be an array with at least one name')
  }
  if (
    key !== undefined &&
    (typeof key !== 'string' || key === '' || key.length > 500 || !isStorable(key))
  ) {
    problems.push('`key` must be a text of 1 to 500 characters')
  }
  if (locale !== undefined && typeof locale !== 'string') problems.push('`locale` must be a text')
  if (urgent !== undefined && typeof urgent !== 'boolean')
    problems.push('`urgent` must be a boolean')
  if (options.onProgress !== undefined && typeof options.onProgress !== 'function')
    problems.push('`onProgress` must be a function')
  problems.push(...groupingProblems(options.grouping, channels))
  for (const name of Object.keys(channelOptions ?? {})) {
    if (!Object.hasOwn(channels, name)) problems.push(`\`channelOptions.${name}\`: no such channel`)
  }
  if (onCompleted !== undefined) {
    if (!Object.hasOwn(events, onCompleted.event))
      problems.push(`\`onCompleted\`: no event "${onCompleted.event}"`)
    if (onCompleted.recipients === null || typeof onCompleted.recipients !== 'object') {
      problems.push('`onCompleted.recipients` must be a recipient or an array of them')
    }
    const lost = findNotJson(onCompleted, 'onCompleted')
    if (lost !== undefined) problems.push(`${lost}; it is stored as JSON`)
  }
  return problems
}

/** The channels' options of a message: the event's with the call's over them, each checked. */
export function mergeChannelOptions(
  channels: ChannelMap,
  base: Readonly<Record<string, unknown>> | undefined,
  over: Readonly<Record<string, unknown>> | undefined,
): Record<string, unknown> {
  const merged: Record<string, unknown> = {}
  const problems: string[] = []
  for (const name of new Set([...Object.keys(base ?? {}), ...Object.keys(over ?? {})])) {
    const definition = channels[name]?.definition
    try {
      const parse = (options: unknown): unknown => {
        if (definition?.parseOptions) return definition.parseOptions(options)
        if (Object.keys(options ?? {}).length > 0) throw new Error('this channel takes no options')
        return options
      }
      const [first, second] = [base?.[name], over?.[name]]
      const merge = definition?.mergeOptions ?? ((a: object, b: object) => ({ ...a, ...b }))
      if (first === undefined || second === undefined) merged[name] = parse(first ?? second)
      else merged[name] = merge(parse(first) as object, parse(second) as object)
    } catch (thrown) {
      problems.push(`${name}: ${toError(thrown).message}`)
    }
  }
  if (problems.length > 0) throw new EnvoyerError('channel-options', problems)
  return merged
}

/** Checks the options of a call; throws `option-invalid` or `channel-options`. */
export function parseSendOptions(
  options: Loose,
  event: string,
  events: EventMap,
  channels: ChannelMap,
): SendTerms {
  if (typeof options !== 'object' || options === null) {
    throw new EnvoyerError('option-invalid', 'the options must be an object')
  }
  const problems = problemsOf(options, events, channels)
  const timing = readTiming(options, problems)
  if (problems.length > 0) throw new EnvoyerError('option-invalid', problems)
  const base = Object.hasOwn(events, event) ? events[event]!.channelOptions : undefined
  const channelOptions = mergeChannelOptions(channels, base, options.channelOptions)
  const stored: Record<string, unknown> = {}
  // The event's own are looked up by the worker; only a call's must be written down.
  if (options.channelOptions !== undefined) stored.channelOptions = channelOptions
  if (options.onCompleted !== undefined) stored.onCompleted = options.onCompleted as unknown as Json
  if (timing.afterDeadline !== 'fail') stored.afterDeadline = timing.afterDeadline
  return {
    channels: options.channels,
    key: options.key,
    locale: options.locale,
    urgent: options.urgent === true,
    grouping: options.grouping,
    onProgress: options.onProgress,
    ...timing,
    stored: stored as JsonObject,
  }
}
