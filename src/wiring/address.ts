import type { Json, JsonObject } from '../event/json.ts'
import type { AnyChannel } from '../option/infer.ts'
import type { Sealer } from '../secret/sealer.ts'

const purpose = 'delivery.address'

function mapSecrets(channel: AnyChannel, address: unknown, map: (value: Json) => Json): Json {
  const secretKeys = channel.definition.address.secretKeys ?? []
  if (address === null || typeof address !== 'object' || secretKeys.length === 0) {
    return address as Json
  }
  return Object.fromEntries(
    Object.entries(address as JsonObject).map(([key, value]) => [
      key,
      secretKeys.includes(key) && value !== undefined ? map(value) : value,
    ]),
  )
}

/** The address as it is stored: its secrets encrypted. Throws `address-secret` without a key. */
export function storeAddress(sealer: Sealer, channel: AnyChannel, address: unknown): Json {
  return mapSecrets(channel, address, (value) => sealer.seal(value, purpose))
}

/** The address as the backend gets it. */
export function loadAddress(sealer: Sealer, channel: AnyChannel, stored: Json): unknown {
  return mapSecrets(channel, stored, (value) => sealer.open(String(value), purpose))
}
