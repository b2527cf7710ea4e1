import { manyProblems } from '../channel/gather.ts'
import { unknownKeys } from '../channel/known-keys.ts'
import type { EnvoyerError } from '../errors.ts'
import { contextJsonSchema } from '../event/context.ts'
import type { EventDefinition } from '../event/define.ts'
import { reservedKeys } from '../event/storable.ts'
import type { Sealer } from '../secret/sealer.ts'
import type { AnyChannel, ChannelMap, EventMap } from './infer.ts'
import { groupingProblems, mergeChannelOptions } from './send-options.ts'

const eventKeys = [
  ...['label', 'context', 'channels', 'urgent', 'retry', 'grouping', 'fallback', 'sensitive'],
  'channelOptions',
]

// Names are folder and file names too; a dot separates channel and part there.
const nameOf = /^[a-z0-9][a-z0-9_-]*$/i

/** The names of events or channels, each checked. */
export function namesOf(kind: string, record: unknown, problems: string[]): string[] {
  if (record === null || typeof record !== 'object' || Object.keys(record).length === 0) {
    problems.push(`\`${kind}\` must be an object with at least one entry`)
    return []
  }
  const names = Object.keys(record)
  for (const name of names) {
    if (!nameOf.test(name)) {
      problems.push(`${kind}: "${name}" must be letters, digits, - and _, and begin with no _ or -`)
    }
  }
  return names
}

/** What is wrong with one event. */
export function checkEvent(
  name: string,
  events: EventMap,
  channels: ChannelMap,
  sealer: Sealer,
  problems: string[],
): void {
  const event = events[name]!
  problems.push(...unknownKeys(event, eventKeys).map((line) => `event "${name}": ${line}`))
  if (typeof event.context?.['~standard']?.validate !== 'function') {
    problems.push(
      `event "${name}": \`context\` is not a Standard Schema (zod, valibot, arktype, …)`,
    )
    return
  }
  for (const channel of [event.channels ?? [], event.fallback ?? []].flat()) {
    if (!Object.hasOwn(channels, channel)) {
      problems.push(`event "${name}": the channel "${channel}" is not configured`)
    }
  }
  for (const line of groupingProblems(event.grouping, channels)) {
    problems.push(`event "${name}": ${line}`)
  }
  const properties = contextJsonSchema(event, 'output')?.properties as object | undefined
  const keys = Object.keys(properties ?? {})
  problems.push(...sensitiveProblems(event, sealer).map((line) => `event "${name}": ${line}`))
  for (const key of reservedKeys) {
    if (keys.includes(key)) problems.push(`event "${name}": the context key \`${key}\` is reserved`)
  }
  try {
    mergeChannelOptions(channels, event.channelOptions, undefined)
  } catch (thrown) {
    problems.push(...(thrown as EnvoyerError).problems.map((line) => `event "${name}": ${line}`))
  }
}

/** A misspelt key would leave in the clear what it was to protect. */
function sensitiveProblems(event: EventDefinition, sealer: Sealer): string[] {
  const { sensitive } = event
  if (sensitive === undefined) return []
  const problems: string[] = []
  const isList = Array.isArray(sensitive) && sensitive.length > 0
  if (sensitive !== true && !(isList && sensitive.every((key) => typeof key === 'string'))) {
    problems.push('`sensitive` must be true or a list of keys of the context')
  } else if (sensitive !== true) {
    const { properties, additionalProperties } = contextJsonSchema(event, 'input') ?? {}
    const known = properties && !additionalProperties ? Object.keys(properties) : sensitive
    for (const key of sensitive.filter((key) => !known.includes(key))) {
      problems.push(`\`sensitive\`: the context has no key \`${key}\``)
    }
  }
  if (!sealer.ready) {
    problems.push('it is sensitive, and there is no key to encrypt with: set ENVOYER_SECRET_KEY')
  }
  return problems
}

/** What is wrong with one channel. */
export function checkChannel(name: string, channels: ChannelMap, problems: string[]): void {
  const channel: AnyChannel = channels[name]!
  const positive = (value: number, what: string) => {
    if (!(value > 0)) problems.push(`channel "${name}": \`${what}\` must be greater than 0`)
  }
  if (channel?.definition === undefined) {
    problems.push(`channel "${name}" is not the result of a channel function such as email({ … })`)
    return
  }
  for (const line of channel.unknown) problems.push(`channel "${name}": ${line}`)
  if (typeof channel.backend?.send !== 'function') problems.push(`channel "${name}" has no backend`)
  else problems.push(...manyProblems(channel.backend).map((line) => `channel "${name}": ${line}`))
  if (typeof channel.retry !== 'function')
    problems.push(`channel "${name}": \`retry\` must be a function`)
  if (!Number.isInteger(channel.concurrency))
    problems.push(`channel "${name}": \`concurrency\` must be a whole number`)
  positive(channel.concurrency, 'concurrency')
  positive(channel.timeoutMs, 'timeoutMs')
  if (channel.rate) {
    positive(channel.rate.perSecond, 'rate.perSecond')
    if (channel.rate.burst !== undefined && !(channel.rate.burst >= 1)) {
      problems.push(`channel "${name}": \`rate.burst\` must be at least 1`)
    }
  }
  problems.push(...groupingProblems({ [name]: channel.grouping }, channels))
  const { fallback } = channel
  if (fallback !== undefined && (fallback === name || !Object.hasOwn(channels, fallback))) {
    problems.push(`channel "${name}": \`fallback\` must be the name of another configured channel`)
  }
}
