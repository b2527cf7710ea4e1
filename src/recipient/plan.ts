import type { Channel } from '../channel/channel.ts'
import { allOptional } from '../channel/part.ts'
import { EnvoyerError } from '../errors.ts'

/** One channel that a notification may use. */
export interface PlannedChannel {
  readonly name: string
  readonly channel: Channel
  /** Asked for by the call or the event, not merely there. */
  readonly listed: boolean
  /** Why nobody is reached over it, where that is known beforehand. */
  readonly skip: 'channel-off' | 'no-template' | undefined
}

export interface PlanParts {
  readonly channels: Readonly<Record<string, Channel>>
  isOn(channel: string): boolean
  hasTemplates(event: string, channel: string): boolean
  missingTemplates(event: string, channel: string): readonly string[]
}

/** Which channels a notification uses: the call's, else the event's, else all that have templates. */
export function planChannels(
  parts: PlanParts,
  event: string,
  asked: readonly string[] | undefined,
): PlannedChannel[] {
  const names = asked ?? Object.keys(parts.channels)
  const unknown = names.filter((name) => !Object.hasOwn(parts.channels, name))
  if (unknown.length > 0) {
    throw new EnvoyerError(
      'channel-unknown',
      unknown.map((name) => `"${name}"; configured are ${Object.keys(parts.channels).join(', ')}`),
    )
  }
  const plan = names.map((name): PlannedChannel => {
    const channel = parts.channels[name]!
    const listed = asked !== undefined
    const sendable =
      parts.hasTemplates(event, name) || (listed && allOptional(channel.definition.parts))
    const skip = !parts.isOn(name) ? 'channel-off' : sendable ? undefined : 'no-template'
    return { name, channel, listed, skip }
  })
  const wanting = plan.filter((each) => each.skip === 'no-template' && each.listed)
  const none = plan.every((each) => each.skip === 'no-template')
  if (wanting.length > 0 || none) throw templatesMissing(parts, event, none ? plan : wanting)
  return plan
}

export function templatesMissing(
  parts: PlanParts,
  event: string,
  channels: readonly PlannedChannel[],
): EnvoyerError {
  return new EnvoyerError(
    'template-missing',
    channels.map(
      ({ name }) =>
        `event "${event}", channel ${name}: ${parts.missingTemplates(event, name).join(', ') || 'no template in any language is complete'}`,
    ),
  )
}
