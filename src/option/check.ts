import type { AnyChannel } from '../channel/channel.ts'
import { isNamed, manyProblems } from '../channel/gather.ts'
import { unknownKeys } from '../channel/known-keys.ts'
import { countProblem, timeoutProblem } from '../channel/numbers.ts'
import type { EnvoyerError } from '../errors.ts'
import { contextJsonSchema } from '../event/context.ts'
import type { EventDefinition } from '../event/define.ts'
import { reservedKeys } from '../event/storable.ts'
import type { Sealer } from '../secret/sealer.ts'
import { groupingProblems } from './grouping.ts'
import type { ChannelMap, EventMap } from './infer.ts'
import { mergeChannelOptions } from './send-options.ts'
import { timingProblems } from './timing.ts'

const eventKeys = [
  ...['label', 'context', 'channels', 'windows', 'spreadMs', 'immediate', 'urgent', 'retry'],
  ...['grouping', 'fallback', 'sensitive', 'channelOptions'],
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

/** What is wrong with one event. `problems` are those found so far; its own are put to them. */
export function checkEvent(
  name: string,
  events: EventMap,
  given: ChannelMap,
  sealer: Sealer,
  problems: string[],
): void {
  const event = events[name]!
  // That there are none is told already.
  const channels = given ?? {}
  const add = (lines: readonly string[]) =>
    void problems.push(...lines.map((line) => `event "${name}": ${line}`))
  add(unknownKeys(event, eventKeys))
  if (typeof event?.context?.['~standard']?.validate !== 'function') {
    add(['`context` is not a Standard Schema (zod, valibot, arktype, …)'])
    return
  }
  add(routeProblems(event, channels))
  add(groupingProblems(event.grouping, channels))
  add(timingProblems(event))
  if (typeof (event.immediate ?? false) !== 'boolean') add(['`immediate` must be a boolean'])
  // Of a key that cannot be read it is told already that it cannot.
  const keyIsWrong = problems.some((line) => line.startsWith('`secretKey`'))
  add(sensitiveProblems(event, sealer.ready || keyIsWrong))
  const properties = contextJsonSchema(event, 'output')?.properties as object | undefined
  const keys = Object.keys(properties ?? {})
  const reserved = reservedKeys.filter((key) => keys.includes(key))
  add(reserved.map((key) => `the context key \`${key}\` is reserved`))
  try {
    mergeChannelOptions(channels, event.channelOptions, undefined)
  } catch (thrown) {
    add((thrown as EnvoyerError).problems)
  }
}

/** What is wrong with the channels that an event is sent over. */
function routeProblems({ channels: asked, fallback }: EventDefinition, all: ChannelMap): string[] {
  if (asked !== undefined && !(Array.isArray(asked) && asked.length > 0)) {
    return ['`channels` must be a list with at least one name']
  }
  const names = asked ?? Object.keys(all)
  const problems = names
    .filter((channel) => !Object.hasOwn(all, channel))
    .map((channel) => `the channel "${channel}" is not configured`)
  // A list of one name would be found like the name, and its messages never taken up.
  if (fallback !== undefined && !(typeof fallback === 'string' && Object.hasOwn(all, fallback))) {
    problems.push('`fallback` must be the name of one configured channel')
  } else if (fallback !== undefined && names.every((channel) => channel === fallback)) {
    problems.push(`\`fallback\`: "${fallback}" is the event's only channel; name another`)
  }
  return problems
}

/** A misspelt key would leave in the clear what it was to protect. */
function sensitiveProblems(event: EventDefinition, hasKey: boolean): string[] {
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
  if (!hasKey) {
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
  for (const line of [...channel.problems, ...unknownKeys(channel.rate, ['perSecond', 'burst'])]) {
    problems.push(`channel "${name}": ${line}`)
  }
  const { backend } = channel
  if (typeof backend?.send !== 'function') problems.push(`channel "${name}" has no backend`)
  else if (!isNamed(backend)) problems.push(`channel "${name}": its backend must have a \`name\``)
  else problems.push(...manyProblems(backend).map((line) => `channel "${name}": ${line}`))
  if (typeof channel.retry !== 'function')
    problems.push(`channel "${name}": \`retry\` must be a function`)
  if (!Number.isInteger(channel.concurrency))
    problems.push(`channel "${name}": \`concurrency\` must be a whole number`)
  positive(channel.concurrency, 'concurrency')
  const { overallConcurrency = 1 } = channel
  const few = countProblem(overallConcurrency)
  if (few !== undefined) problems.push(`channel "${name}": \`overallConcurrency\` ${few}`)
  const late = timeoutProblem(channel.timeoutMs)
  if (late !== undefined) problems.push(`channel "${name}": \`timeoutMs\` ${late}`)
  if (channel.rate) {
    positive(channel.rate.perSecond, 'rate.perSecond')
    if (channel.rate.burst !== undefined && !(channel.rate.burst >= 1)) {
      problems.push(`channel "${name}": \`rate.burst\` must be at least 1`)
    }
  }
  problems.push(...groupingProblems({ [name]: channel.grouping }, channels))
  for (const line of timingProblems(channel)) problems.push(`channel "${name}": ${line}`)
  const { fallback } = channel
  const isOther =
    typeof fallback === 'string' && fallback !== name && Object.hasOwn(channels, fallback)
  if (fallback !== undefined && !isOther) {
    problems.push(`channel "${name}": \`fallback\` must be the name of another configured channel`)
  }
}
