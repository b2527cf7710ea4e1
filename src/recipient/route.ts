import type { Channel } from '../channel/channel.ts'
import { toError } from '../errors.ts'
import { findNotJson } from '../event/json.ts'
import { carriedOf } from './carried.ts'
import type { RecipientOptions } from './recipient.ts'

/** Why a recipient got no delivery over a channel. */
export type SkipReason =
  | 'no-address'
  | 'invalid-address'
  | 'duplicate-address'
  | 'channel-off'
  | 'no-template'

export interface Reached {
  readonly address: unknown
  readonly addressKey: string
}

export interface NotReached {
  readonly reason: SkipReason
  /** What is wrong with an address. Never the address itself. */
  readonly detail?: string
}

type Source = Readonly<Record<string, unknown>>

function candidates(
  name: string,
  channel: Channel,
  source: Source,
  options: RecipientOptions<never>,
): readonly unknown[] {
  const { recipientKey, fromRecipient } = channel.definition.address
  const own = options.address?.[name]
  const found = own
    ? own(source as never)
    : recipientKey !== undefined
      ? source[recipientKey]
      : fromRecipient?.(source)
  const list = Array.isArray(found) ? found : [found]
  return list.filter((value) => value !== undefined && value !== null && value !== '')
}

/** The addresses of one recipient over one channel, and what stood in the way of others. */
export function route(
  name: string,
  channel: Channel,
  source: Source,
  options: RecipientOptions<never>,
): (Reached | NotReached)[] {
  const carried = carriedOf<unknown, Reached | NotReached>(source)
  if (carried) return [...(carried.routes[name] ?? [{ reason: 'no-address' }])]
  let found: readonly unknown[]
  try {
    found = candidates(name, channel, source, options)
  } catch (thrown) {
    return [{ reason: 'invalid-address', detail: toError(thrown).message }]
  }
  if (found.length === 0) return [{ reason: 'no-address' }]
  return found.map((value) => {
    try {
      const address = channel.definition.address.parse(value)
      const addressKey = channel.definition.address.key(address)
      const lost = findNotJson({ address, addressKey })
      if (lost !== undefined) throw new Error(lost)
      return { address, addressKey }
    } catch (thrown) {
      return { reason: 'invalid-address', detail: withoutQuotes(toError(thrown).message) }
    }
  })
}

/** What is quoted is the address, or a part of it: it is kept nowhere that nobody could erase it from. */
const withoutQuotes = (text: string) => text.replace(/"(?:[^"\\]|\\.)*"/g, 'it')
