import type { AfterDeadline } from '../availability/timing.ts'
import type { Channel, Grouping } from '../channel/channel.ts'
import { allOptional } from '../channel/part.ts'
import { EnvoyerError } from '../errors.ts'
import type { EventDefinition } from '../event/define.ts'
import { checkNames } from '../names.ts'

/** One channel that a notification may use. */
export interface PlannedChannel {
  readonly name: string
  readonly channel: Channel
  /** Asked for by the call or the event, not merely there. */
  readonly listed: boolean
  /** Why nobody is reached over it, where that is known beforehand. */
  readonly skip: 'channel-off' | 'no-template' | undefined
  /** The recipients get one message together, so many at most; `undefined`: each their own. */
  readonly groupAtMost: number | undefined
  /** Where those go who cannot be reached over it, and what has been given up. */
  readonly fallback: PlannedChannel | undefined
}

export interface PlanParts {
  readonly channels: Readonly<Record<string, Channel>>
  isOn(channel: string): boolean
  hasTemplates(event: string, channel: string): boolean
  missingTemplates(event: string, channel: string): readonly string[]
}

/** What a call says about channels. */
export interface ChannelTerms {
  readonly channels: readonly string[] | undefined
  readonly grouping: Readonly<Record<string, Grouping>> | undefined
  readonly afterDeadline?: AfterDeadline
}

/** Which channels a notification uses: the call's, else the event's, else all that have templates. */
export function planChannels(
  parts: PlanParts,
  name: string,
  event: EventDefinition,
  terms: ChannelTerms,
): PlannedChannel[] {
  const asked = terms.channels ?? event.channels
  const names = asked ?? Object.keys(parts.channels)
  checkNames('channel', names, parts.channels)
  const groupingOf = (channel: string) =>
    terms.grouping?.[channel] ?? event.grouping?.[channel] ?? parts.channels[channel]!.grouping
  const ones = names.map((channel) => planOne(parts, name, channel, asked !== undefined))
  const used = ones.filter(({ skip }) => skip !== 'no-template').map((each) => each.name)
  const plan = ones.map((planned): PlannedChannel => {
    const channel = planned.name
    return {
      ...planned,
      groupAtMost:
        groupingOf(channel) === 'together' ? planned.channel.definition.groupAtMost : undefined,
      // Over the channels of the plan they get the message anyway.
      fallback: used.includes(channel)
        ? planFallback(parts, name, event, planned.channel, used)
        : undefined,
    }
  })
  const wanting = plan.filter((each) => each.skip === 'no-template' && each.listed)
  const none = plan.every((each) => each.skip === 'no-template')
  if (wanting.length > 0 || none) throw templatesMissing(parts, name, none ? plan : wanting)
  if (terms.afterDeadline === 'fallback' && !plan.some(({ fallback }) => fallback)) {
    const problem = `\`afterDeadline: 'fallback'\`: none of the channels has a \`fallback\` (${names.join(', ')})`
    throw new EnvoyerError('option-invalid', problem)
  }
  return plan
}

function planOne(
  parts: PlanParts,
  event: string,
  name: string,
  listed: boolean,
): Omit<PlannedChannel, 'groupAtMost' | 'fallback'> {
  const channel = parts.channels[name]!
  const sendable =
    parts.hasTemplates(event, name) || (listed && allOptional(channel.definition.parts))
  const skip = !parts.isOn(name) ? 'channel-off' : sendable ? undefined : 'no-template'
  return { name, channel, listed, skip }
}

/** The event's fallback must have its templates; a channel's is for the events that have them. */
function planFallback(
  parts: PlanParts,
  name: string,
  event: EventDefinition,
  { fallback: ofChannel }: Channel,
  passed: readonly string[],
): PlannedChannel | undefined {
  const fallback = event.fallback ?? ofChannel
  if (fallback === undefined || passed.includes(fallback)) return undefined
  const planned = planOne(parts, name, fallback, event.fallback !== undefined)
  const next = planFallback(parts, name, event, planned.channel, [...passed, fallback])
  const whole = { ...planned, groupAtMost: undefined, fallback: next }
  if (planned.skip !== 'no-template') return whole
  if (planned.listed) throw templatesMissing(parts, name, [whole])
  return next
}

export function templatesMissing(
  parts: PlanParts,
  event: string,
  channels: readonly PlannedChannel[],
): EnvoyerError {
  return new EnvoyerError(
    'template-missing',
    channels.map((each) => `event "${event}", channel ${each.name}: ${wanted(parts, event, each)}`),
  )
}

function wanted(parts: PlanParts, event: string, { name, channel }: PlannedChannel): string {
  const missing = parts.missingTemplates(event, name)
  if (missing.length === 0) return 'no template in any language is complete'
  return allOptional(channel.definition.parts)
    ? `${missing.join(', ')}; it goes without only where the event or the call names it in \`channels\``
    : missing.join(', ')
}

/** Of an iterable nobody knows which chunk of it a group would be. */
export function refuseGroups(plan: readonly PlannedChannel[]) {
  const grouped = plan.filter(({ groupAtMost }) => groupAtMost !== undefined)
  if (grouped.length === 0) return
  throw new EnvoyerError(
    'option-invalid',
    grouped.map(
      ({ name }) =>
        `channel ${name} sends together: pass the recipients as an array, or \`grouping: { ${name}: 'each' }\``,
    ),
  )
}
