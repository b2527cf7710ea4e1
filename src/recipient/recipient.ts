import { isZone } from '../availability/index.ts'
import type { JsonObject } from '../event/json.ts'
import { findNotJson, isStorable } from '../event/json.ts'

/** How an application's own objects are read. Each function replaces a well-known key. */
export interface RecipientOptions<User, ChannelName extends string = string> {
  /** Where a recipient is reached over a channel: an address, several, or nothing. */
  readonly address?: { readonly [K in ChannelName]?: (recipient: User) => unknown }
  /** What templates see of the recipient besides the well-known keys. Plain JSON; it is stored. */
  readonly data?: (recipient: User) => JsonObject
  /** Default: the key `locale`. A BCP 47 tag. */
  readonly locale?: (recipient: User) => string | null | undefined
  /** Default: the key `tz`. An IANA zone. */
  readonly tz?: (recipient: User) => string | null | undefined
  /** Whether messages pass the windows by. Default: the key `immediate`. */
  readonly immediate?: (recipient: User) => boolean | null | undefined
  /** Default: the key `userId`. Kept with the delivery. */
  readonly userId?: (recipient: User) => string | number | null | undefined
}

/** What Envoyer knows of one recipient, and all that it stores. */
export interface Recipient {
  readonly stored: JsonObject
  readonly userId: string | undefined
  readonly locale: string | undefined
  readonly zone: string
  /** The recipient's own zone is not one that this runtime knows; the envoyer's is used. */
  readonly zoneUnknown: boolean
  /** Passes the windows by. */
  readonly immediate: boolean
}

/** Keys of a recipient that have a meaning, and are stored where they hold a plain value. */
const storedKeys = ['email', 'phone', 'url', 'topic', 'tz', 'locale', 'immediate', 'userId']

type Source = Readonly<Record<string, unknown>>

function text(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  return typeof value === 'string' && value !== '' && isStorable(value) ? value : undefined
}

/** Reads one recipient. Throws an Error where `data` gives what cannot be stored. */
export function readRecipient(
  source: Source,
  options: RecipientOptions<never>,
  defaultZone: string,
): Recipient {
  const given = source as never
  const read = (key: 'locale' | 'tz' | 'userId') =>
    text(options[key] ? options[key](given) : source[key])
  const userId = read('userId')
  const locale = read('locale')
  const tz = read('tz')
  const stored: Record<string, unknown> = {}
  for (const key of storedKeys) {
    const value = source[key]
    if (typeof value === 'boolean') stored[key] = value
    else if (typeof value === 'number' && Number.isFinite(value)) stored[key] = value
    else if (typeof value === 'string' && isStorable(value)) stored[key] = value
  }
  if (userId !== undefined) stored.userId = userId
  if (locale !== undefined) stored.locale = locale
  if (tz !== undefined) stored.tz = tz
  if (options.data) {
    const data = options.data(given)
    const lost = findNotJson(data)
    if (lost !== undefined) throw new Error(`recipient.data gave what is not JSON: ${lost}`)
    Object.assign(stored, data)
  }
  const immediate = (options.immediate ? options.immediate(given) : source.immediate) === true
  if (options.immediate) stored.immediate = immediate
  const zoneKnown = tz !== undefined && isZone(tz)
  return {
    stored: stored as JsonObject,
    userId,
    locale,
    zone: zoneKnown ? tz : defaultZone,
    zoneUnknown: tz !== undefined && !zoneKnown,
    immediate,
  }
}
