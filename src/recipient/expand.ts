import { EnvoyerError, toError } from '../errors.ts'
import type { Json } from '../event/json.ts'
import { type Addressed, markOf } from './addressed.ts'
import { carriedOf } from './carried.ts'
import { createGroups } from './group.ts'
import type { PlannedChannel } from './plan.ts'
import { type Recipient, type RecipientOptions, readRecipient } from './recipient.ts'
import { type Reached, route, type SkipReason } from './route.ts'
import type { Skip } from './skip.ts'

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
  readonly immediate: boolean
  readonly skip: (skip: Skip) => void
  /** For what may be sent later, as a fallback. */
  readonly later: Take
}

interface Who {
  readonly position: number
  readonly source: Source
  readonly recipient: Recipient
}

/** What becomes of a message: written by itself, joined to a group, or one too many. */
type Take = (made: Addressed, planned: PlannedChannel) => 'own' | 'joined' | 'duplicate-address'

/** So many fallbacks stand for one address; beyond that each has only its own. */
const sharedAtMost = 100

/**
 * Where those go who share an address, once it has been given up: to the fallbacks of all of them.
 * False where they are too many.
 */
function share(holder: Addressed, made: Addressed): boolean {
  const marks = new Set(holder.fallback.map(markOf))
  const more = made.fallback.filter((each) => !marks.has(markOf(each)))
  if (holder.fallback.length + more.length > sharedAtMost) return false
  holder.fallback.push(...more)
  return true
}

/** The messages to one recipient over a channel; over its fallback, where it is not reached. */
function overChannel(
  expansion: Expansion,
  who: Who,
  planned: PlannedChannel,
  take: Take,
): Addressed[] {
  const { position, recipient } = who
  const skipped = (reason: SkipReason, detail?: string) =>
    expansion.skip({
      recipient: position,
      channel: planned.name,
      reason,
      ...(recipient.userId === undefined ? {} : { userId: recipient.userId }),
      ...(detail === undefined ? {} : { detail }),
    })
  const reached = reach(expansion, who, planned, skipped)
  const { fallback } = planned
  if (reached.length === 0) return fallback ? overChannel(expansion, who, fallback, take) : []
  // Whom it does not reach either is no loss as long as this channel does.
  const instead = fallback
    ? overChannel({ ...expansion, skip: () => {} }, who, fallback, expansion.later)
    : []
  return reached.flatMap((each) => {
    const made: Addressed = {
      position,
      channel: planned.name,
      recipient: recipient.stored,
      users: recipient.userId === undefined ? [] : [recipient.userId],
      address: expansion.parts.store(planned.channel, each.address),
      addressKey: each.addressKey,
      locale: each.locale,
      zone: recipient.zone,
      zoneUnknown: recipient.zoneUnknown,
      immediate: expansion.immediate || recipient.immediate,
      fallback: [...instead],
    }
    const taken = take(made, planned)
    if (taken === 'duplicate-address') skipped(taken)
    return taken === 'own' ? [made] : []
  })
}

/** The addresses of one recipient over a channel, each with the language of its message. */
function reach(
  { parts, locale: asked }: Expansion,
  { source, recipient }: Who,
  { name, channel, skip }: PlannedChannel,
  skipped: (reason: SkipReason, detail?: string) => void,
): (Reached & { readonly locale: string })[] {
  if (skip !== undefined) {
    skipped(skip)
    return []
  }
  return route(name, channel, source, parts.options).flatMap((each) => {
    if ('reason' in each) {
      skipped(each.reason, each.detail)
      return []
    }
    const locale = parts.chooseLocale(name, asked ?? recipient.locale)
    if (locale !== undefined) return [{ ...each, locale }]
    skipped('no-template')
    return []
  })
}

/** Reads the recipient at a position of a call. Throws `recipients-invalid`. */
export function readAt(
  source: unknown,
  position: number,
  { options, zone }: Pick<ExpandParts, 'options' | 'zone'>,
): Recipient {
  const at = `recipient ${position}`
  if (source === null || typeof source !== 'object' || Array.isArray(source)) {
    throw new EnvoyerError('recipients-invalid', `${at} is not an object`)
  }
  const carried = carriedOf<Recipient, unknown>(source)
  if (carried) return carried.recipient
  try {
    return readRecipient(source as Source, options, zone)
  } catch (thrown) {
    const problem = `${at}: ${toError(thrown).message}`
    throw new EnvoyerError('recipients-invalid', problem, { cause: thrown })
  }
}

/**
 * Makes deliveries of recipients, one a recipient, channel and address, or one a group; whoever gets
 * none over a channel is told to `skip`. The same address twice over one channel: the first one wins.
 */
export function createExpand(
  parts: ExpandParts,
  plan: readonly PlannedChannel[],
  { locale, immediate }: { readonly locale: string | undefined; readonly immediate: boolean },
  skip: (skip: Skip) => void,
) {
  /** By channel and address: what was made so far, and what may follow it. */
  const seen = new Map<string, Addressed>()
  const followers = new Map<string, Addressed>()
  const groups = createGroups()
  let count = 0
  const later: Take = (made) => {
    const holder = followers.get(markOf(made))
    if (holder === undefined) followers.set(markOf(made), made)
    // Whichever of the two is written, it stands for both.
    else if (share(holder, made)) made.fallback = holder.fallback
    return 'own'
  }
  const take: Take = (made, { groupAtMost }) => {
    if (groupAtMost !== undefined) {
      return groups.join(made, groupAtMost) ? 'joined' : 'duplicate-address'
    }
    const holder = seen.get(markOf(made))
    if (holder === undefined) seen.set(markOf(made), made)
    else share(holder, made)
    return holder === undefined ? 'own' : 'duplicate-address'
  }
  const expansion: Expansion = { parts, locale, immediate, skip, later }
  return {
    /** The deliveries of the next recipient. Throws `recipients-invalid`. */
    one(source: unknown): Addressed[] {
      const position = count++
      const recipient = readAt(source, position, parts)
      const who = { position, source: source as Source, recipient }
      return plan.flatMap((planned) => overChannel(expansion, who, planned, take))
    },
    /** The deliveries to groups of those recipients. */
    groups: groups.messages,
    /** Forgets the addresses seen: across the chunks of an iterable the unique index tells. */
    forget(): void {
      seen.clear()
      followers.clear()
    },
  }
}
