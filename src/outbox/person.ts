import type { Json, JsonObject } from '../event/json.ts'
import { keyOf } from '../recipient/group.ts'
import type { StoredFallback } from './fallback.ts'

/** A key that an address may be kept under: on one channel, or on any. */
export interface KnownKey {
  readonly key: string
  readonly channel?: string
}

/** Whose data is to be erased: a user id, or the keys of their address. */
export type Person = { readonly user: string } | { readonly to: readonly KnownKey[] }

/** What is kept of whom a delivery is for. */
export interface Whom {
  readonly channel: string
  readonly recipient: JsonObject | readonly JsonObject[]
  readonly users: readonly string[]
  readonly address: Json
  readonly addressKey: string
  readonly fallback: readonly StoredFallback[] | null
}

/** The keys by which addresses of a channel are compared; `undefined` where that cannot be told. */
export interface AddressKeys {
  ofAddress(address: Json): string | undefined
  /** Of the address that a recipient carries under its well-known key. */
  ofRecipient(recipient: JsonObject): string | undefined
  /** Of all that it carries, also for other channels. */
  anywhere(recipient: JsonObject): readonly Required<KnownKey>[]
}

/**
 * `whole`: it is this person's alone. `unknown`: they are in the group, but which of its recipients or
 * addresses is theirs cannot be told. Else what stays without them.
 */
export type Without = 'whole' | 'unknown' | Whom

const isKeyOf = (person: Person, channel: string, key: string | undefined) =>
  'to' in person &&
  person.to.some((known) => known.key === key && (known.channel ?? channel) === channel)

const isOf = (
  person: Person,
  { users, channel, addressKey }: Pick<StoredFallback, 'users' | 'channel' | 'addressKey'>,
) => ('user' in person ? (users ?? []).includes(person.user) : isKeyOf(person, channel, addressKey))

/** Fallbacks without those that go to the person. */
function fallbacksWithout(
  person: Person,
  fallback: readonly StoredFallback[] | null,
): readonly StoredFallback[] | null {
  const left = (fallback ?? [])
    .filter((each) => !isOf(person, each))
    .map(({ fallback: next, ...each }) => {
      const rest = fallbacksWithout(person, next ?? null)
      return rest === null ? each : { ...each, fallback: rest }
    })
  return left.length === 0 ? null : left
}

/** What a delivery is without a person who is in it, or in its fallbacks. */
export function without(person: Person, whom: Whom, keys: AddressKeys): Without {
  const fallback = fallbacksWithout(person, whom.fallback)
  const { recipient, users, channel, address, addressKey } = whom
  const isTheirs = (each: JsonObject) =>
    'user' in person
      ? String(each.userId) === person.user
      : keys.anywhere(each).some((known) => isKeyOf(person, known.channel, known.key))
  if (!Array.isArray(recipient)) {
    const isWhole =
      isOf(person, { users, channel, addressKey }) || isTheirs(recipient as JsonObject)
    return isWhole ? 'whole' : { ...whom, fallback }
  }
  const addresses = (address as readonly Json[]).map((each) => ({
    each,
    key: keys.ofAddress(each),
  }))
  const isTheirKey = (key: string | undefined) => isKeyOf(person, channel, key)
  const own = keys.ofRecipient
  const theirs = (recipient as readonly JsonObject[]).filter(isTheirs)
  const isIn =
    theirs.length > 0 ||
    ('user' in person
      ? users.includes(person.user)
      : [addressKey, ...addresses.map(({ key }) => key)].some(isTheirKey))
  if (!isIn) return { ...whom, fallback }
  const others = (recipient as readonly JsonObject[]).filter((each) => !isTheirs(each))
  const gone = new Set(theirs.map(own))
  const known = [...gone].every((key) => addresses.some((each) => each.key === key))
  if (theirs.length === 0 || !known) return 'unknown'
  // A room that others of the group are in, too, stays.
  for (const each of others) gone.delete(own(each))
  const stay = addresses.filter(({ key }) => !gone.has(key))
  if (others.length === 0 || stay.length === 0) return 'whole'
  const theirIds = new Set(theirs.map(({ userId }) => String(userId)))
  return {
    channel,
    recipient: others,
    users: users.filter((id) => !theirIds.has(id)),
    address: stay.map(({ each }) => each),
    addressKey: keyOf(stay.map(({ key }) => key ?? '')),
    fallback,
  }
}
