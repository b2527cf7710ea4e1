import type { Grouping } from '../channel/channel.ts'
import type { ChannelMap } from './infer.ts'

/** What is wrong with a `grouping`: an object by channel. */
export function groupingProblems(
  grouping: Readonly<Record<string, Grouping>> | undefined,
  channels: ChannelMap,
): string[] {
  if (grouping === undefined) return []
  // A text would be read as one channel a character.
  if (grouping === null || typeof grouping !== 'object' || Array.isArray(grouping)) {
    return ["`grouping` must be an object by channel: `{ email: 'together' }`"]
  }
  return Object.entries(grouping).flatMap(([name, value]) => {
    const at = `\`grouping\` of ${name}`
    if (!Object.hasOwn(channels, name)) return [`${at}: no such channel`]
    if (value !== 'each' && value !== 'together') return [`${at}: must be each or together`]
    return value === 'together' && channels[name]!.definition.groupAtMost === undefined
      ? [`${at}: a message of this channel cannot go to several together`]
      : []
  })
}
