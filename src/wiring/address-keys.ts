import type { Json, JsonObject } from '../event/json.ts'
import type { ChannelMap } from '../option/infer.ts'
import { checkFilter, type DeliveryFilter } from '../outbox/filter.ts'
import type { AddressKeys, KnownKey } from '../outbox/person.ts'

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

/** What another version of the application has sent over a channel cannot be told apart. */
export function keysOf(channels: ChannelMap, name: string): AddressKeys {
  const typeOf = (channel: string) =>
    Object.hasOwn(channels, channel) ? channels[channel]!.definition.address : undefined
  const carried = (recipient: JsonObject, channel: string) =>
    attempt(() => {
      const type = typeOf(channel)
      const { recipientKey, fromRecipient } = type ?? {}
      const value =
        recipientKey === undefined ? fromRecipient?.(recipient) : recipient[recipientKey]
      return value === undefined ? undefined : type?.key(type.parse(value))
    })
  return {
    ofAddress: (address: Json) => attempt(() => typeOf(name)?.key(address as never)),
    ofRecipient: (recipient: JsonObject) => carried(recipient, name),
    anywhere: (recipient: JsonObject) =>
      Object.keys(channels).flatMap((channel) => {
        const key = carried(recipient, channel)
        return key === undefined ? [] : [{ channel, key }]
      }),
  }
}

/** The keys under which an address may be kept: as it is written, and as each channel normalises it. */
export function keysLike(channels: ChannelMap, address: string): KnownKey[] {
  const normalised = Object.entries(channels).flatMap(([channel, { definition }]) => {
    const { address: type } = definition
    const key = attempt(() => type.key(type.parse(address)))
    return key === undefined ? [] : [{ channel, key }]
  })
  return [{ key: address }, ...normalised]
}

/** A filter that finds an address however it is written. Throws `option-invalid`; `call` is what was called. */
export function lookedFor<Filter extends DeliveryFilter>(
  channels: ChannelMap,
  filter: Filter,
  call: string,
): Filter {
  checkFilter(filter, call)
  if (filter.to === undefined) return filter
  const to = [filter.to]
    .flat()
    .flatMap((address) => keysLike(channels, address))
    .map(({ key }) => key)
  return { ...filter, to: [...new Set(to)] }
}
