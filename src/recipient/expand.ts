import { EnvoyerError, toError } from '../errors.ts'
import type { Json, JsonObject } from '../event/json.ts'
import type { PlannedChannel } from './plan.ts'
import { type Recipient, type RecipientOptions, readRecipient } from './recipient.ts'
import { type Reached, route, type SkipReason } from './route.ts'
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

/** What one call of `send` knows while it goes through its recipients. */
interface Expansion {
  readonly parts: ExpandParts
  readonly locale: string | undefined
  readonly skip: (skip: Skip) => void
  /** Channel and address of what was made so far. */
  readonly seen: Set<string>
}

/** The message to one address, or why there is none. */
function addressed(
  { parts, locale: asked, seen }: Expansion,
  position: number,
  recipient: Recipient,
  planned: PlannedChannel,
  reached: Reached,
): Addressed | SkipReason {
  const locale = parts.chooseLocale(planned.name, asked ?? recipient.locale)
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
  }
}

function overChannel(
  expansion: Expansion,
  position: number,
  source: Source,
  recipient: Recipient,
  planned: PlannedChannel,
): Addressed[] {
  const found: Addressed[] = []
  const skipped = (reason: SkipReason, detail?: string) =>
    expansion.skip({
      recipient: position,
      channel: planned.name,
      reason,
      ...(recipient.userId === undefined ? {} : { userId: recipient.userId }),
      ...(detail === undefined ? {} : { detail }),
    })
  if (planned.skip !== undefined) skipped(planned.skip)
  else {
    for (const each of route(planned.name, planned.channel, source, expansion.parts.options)) {
      const made =
        'reason' in each ? each.reason : addressed(expansion, position, recipient, planned, each)
      if (typeof made !== 'string') found.push(made)
      else skipped(made, 'reason' in each ? each.detail : undefined)
    }
  }
  return found
}

function read(source: unknown, position: number, { options, zone }: ExpandParts): Recipient {
  const at = `recipient ${position}`
  if (source === null || typeof source !== 'object' || Array.isArray(source)) {
    throw new EnvoyerError('recipients-invalid', `${at} is not an object`)
  }
  try {
    return readRecipient(source as Source, options, zone)
  } catch (thrown) {
    const problem = `${at}: ${toError(thrown).message}`
    throw new EnvoyerError('recipients-invalid', problem, { cause: thrown })
  }
}

/**
 * Makes deliveries of recipients, one a recipient, channel and address; whoever gets none over a
 * channel is told to `skip`. The same address twice over one channel: the first one wins.
 */
export function createExpand(
  parts: ExpandParts,
  plan: readonly PlannedChannel[],
  { locale }: { readonly locale: string | undefined },
  skip: (skip: Skip) => void,
) {
  const expansion: Expansion = { parts, locale, skip, seen: new Set() }
  let count = 0
  return {
    /** The deliveries of the next recipient. Throws `recipients-invalid`. */
    one(source: unknown): Addressed[] {
      const position = count++
      const recipient = read(source, position, parts)
      return plan.flatMap((planned) =>
        overChannel(expansion, position, source as Source, recipient, planned),
      )
    },
    /** Forgets the addresses seen: across the chunks of an iterable the unique index tells. */
    forget(): void {
      expansion.seen.clear()
    },
  }
}
