import { createHash } from 'node:crypto'
import type { JsonObject } from '../event/json.ts'
import { type Addressed, markOf } from './addressed.ts'

interface Group {
  /** What its members have in common: channel, locale and zone. */
  readonly common: string
  readonly members: Addressed[]
  /** Those whose address was not in it before: each address is written to once. */
  readonly addresses: Addressed[]
}

/** So many bytes still fit into an index, and are read rather than counted. */
const longestKey = 1000

/** Readable where it can be: who searches for a group of three finds it by their addresses. */
export function keyOf(keys: readonly string[]): string {
  const joined = keys.toSorted().join(', ')
  const bytes = Buffer.from(joined)
  if (bytes.length <= longestKey) return joined
  const hash = createHash('sha256').update(joined).digest('hex').slice(0, 32)
  // A character that was cut through is left out.
  const beginning = bytes.toString('utf8', 0, longestKey).replace(/\ufffd+$/, '')
  return `${beginning}… (${keys.length}, ${hash})`
}

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)]

function toOne({ members, addresses }: Group): Addressed {
  const { position, channel, locale, zone, immediate } = members[0]!
  return {
    position,
    channel,
    recipient: unique(members.map((each) => each.recipient as JsonObject)),
    users: unique(members.flatMap((each) => each.users)),
    address: addresses.map((each) => each.address),
    addressKey: keyOf(addresses.map((each) => each.addressKey)),
    locale,
    zone,
    zoneUnknown: members.some((each) => each.zoneUnknown),
    immediate,
    // Several addresses of one recipient have one fallback in common.
    fallback: unique(members.flatMap((each) => each.fallback)),
  }
}

/**
 * Gathers what goes to one address each into messages to groups, by channel, locale and zone. The
 * same address again (a room that several are in) adds its recipient to the group, not the address.
 */
export function createGroups() {
  const groups: Group[] = []
  /** By what its members have in common: the group that is being filled. */
  const open = new Map<string, Group>()
  /** By message: the group that its address is in. */
  const holders = new Map<string, Group>()
  return {
    /** False where the address is in a group of another locale or zone already. */
    join(made: Addressed, atMost: number): boolean {
      const common = `${made.channel} ${made.locale} ${made.zone} ${made.immediate}`
      const holder = holders.get(markOf(made))
      if (holder) {
        if (holder.common === common) holder.members.push(made)
        return holder.common === common
      }
      let group = open.get(common)
      if (group === undefined || group.addresses.length >= atMost) {
        group = { common, members: [], addresses: [] }
        groups.push(group)
        open.set(common, group)
      }
      group.members.push(made)
      group.addresses.push(made)
      holders.set(markOf(made), group)
      return true
    },
    /** All groups, one message each. */
    messages: (): Addressed[] => groups.map(toOne),
  }
}
