import { EnvoyerError, toError } from '../errors.ts'
import type { Json, JsonObject } from '../event/json.ts'
import type { PlannedChannel } from './plan.ts'
import { type Recipient, type RecipientOptions, readRecipient } from './recipient.ts'
import { type Reached, route } from './route.ts'
import type { Skip } from './skip.ts'

/** One message to one address, as it will be written. */
export interface Addressed {
  /** Of its recipient among those of the call, from 0. */
  readonly position: number
  readonly channel: string
  readonly recipient: JsonObject
  readonly users: readonly string[]
  readonly address: Json
  readonly addressKey: string
  readonly locale: string
  readonly zone: string
}

export interface ExpandParts {
  readonly options: RecipientOptions<never>
  /** The zone of recipients that have none. */
  readonly zone: string
  /** The locale of a message; `undefined` where no template is complete. */
  chooseLocale(channel: string, asked: string | undefined): string | undefined
  /** The address as it is stored: secrets encrypted. */
  store(channel: PlannedChannel['channel'], address: unknown): Json
}

type Source = Readonly<Record<string, unknown>>

/**
 * Makes deliveries of recipients, one a recipient, channel and address; whoever gets none over a
 * channel is told to `skip`. The same address twice over one channel: the first one wins.
 */
export function createExpand(
  parts: ExpandParts,
  plan: readonly PlannedChannel[],
  asked: { readonly locale: string | undefined },
  skip: (skip: Skip) => void,
) {
  const seen = new Set<string>()
  let position = -1

  const addressed = (recipient: Recipient, planned: PlannedChannel, reached: Reached) => {
    const locale = parts.chooseLocale(planned.name, asked.locale ?? recipient.locale)
    if (locale === undefined) return 'no-template'
    const mark = `${planned.name} ${reached.addressKey}`
    if (seen.has(mark)) return 'duplicate-address'
    seen.add(mark)
    return {
      position,
      channel: planned.name,
      recipient: recipient.stored,
      users: recipient.userId === undefined ? [] : [recipient.userId],
      address: parts.store(planned.channel, reached.address),
      addressKey: reached.addressKey,
      locale,
      zone: recipient.zone,
    } satisfies Addressed
  }
  const overChannel = (source: Source, recipient: Recipient, planned: PlannedChannel) => {
    const found: Addressed[] = []
    const skipped = (reason: Skip['reason'], detail?: string) =>
      skip({
        recipient: position,
        channel: planned.name,
        reason,
        ...(recipient.userId === undefined ? {} : { userId: recipient.userId }),
        ...(detail === undefined ? {} : { detail }),
      })
    if (planned.skip !== undefined) skipped(planned.skip)
    else {
      for (const each of route(planned.name, planned.channel, source, parts.options)) {
        const made = 'reason' in each ? each.reason : addressed(recipient, planned, each)
        if (typeof made !== 'string') found.push(made)
        else skipped(made, 'reason' in each ? each.detail : undefined)
      }
    }
    return found
  }
  return {
    /** The deliveries of the next recipient. Throws `recipients-invalid`. */
    one(source: unknown): Addressed[] {
      position += 1
      if (source === null || typeof source !== 'object' || Array.isArray(source)) {
        throw new EnvoyerError('recipients-invalid', `recipient ${position} is not an object`)
      }
      const given = source as Source
      let recipient: Recipient
      try {
        recipient = readRecipient(given, parts.options, parts.zone)
      } catch (thrown) {
        throw new EnvoyerError(
          'recipients-invalid',
          `recipient ${position}: ${toError(thrown).message}`,
          { cause: thrown },
        )
      }
      return plan.flatMap((planned) => overChannel(given, recipient, planned))
    },
    /** Forgets the addresses seen: across the chunks of an iterable the unique index tells. */
    forget(): void {
      seen.clear()
    },
  }
}
