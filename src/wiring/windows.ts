import type { WindowSet } from '../availability/index.ts'
import { EnvoyerError } from '../errors.ts'
import { named } from '../names.ts'
import { refuseUnknown } from '../option/given.ts'
import { hasWindows } from '../option/timing.ts'
import type { WaitReason } from '../outbox/entities.ts'
import {
  countWaiting,
  listWaiting,
  type Move,
  reschedule,
  type Waiting,
} from '../outbox/reschedule.ts'
import type { WindowOwner } from '../setting/settings.ts'
import type { OperateParts } from './operate-parts.ts'
import { timingAt, windowsOf } from './timing.ts'

/** Whose windows: a channel's or an event's. */
export type OwnerOf<EventName extends string, ChannelName extends string> =
  | { readonly channel: ChannelName; readonly event?: never }
  | { readonly event: EventName; readonly channel?: never }

/** The windows of one owner, as they hold now. */
export interface ListedWindows extends WindowOwner {
  readonly windows: WindowSet
  /** `settings`: set at run time; they win over those in the `code`. */
  readonly source: 'settings' | 'code'
}

/** One delivery that waits, and its new time. */
export interface Moved {
  readonly id: string
  readonly event: string
  readonly channel: string
  readonly from: Date
  readonly to: Date
  readonly reason: WaitReason
}

export interface Applied {
  /** How many deliveries wait for their time, those of events and channels unknown here included. */
  readonly waiting: number
  /** How many of them moved, or would. */
  readonly moved: number
  /** The first hundred of those, soonest first. */
  readonly moves: readonly Moved[]
}

/** Windows as operators see and change them while everything runs; seen by every process within 5 s. */
export interface Windows<EventName extends string, ChannelName extends string> {
  /** Of every channel and event that has some. */
  list(): Promise<ListedWindows[]>
  /**
   * Sets windows that win over those in the code; `[]` is any time. They hold at once for what is
   * due; what waits for its time keeps that until `apply`. Throws `option-invalid`.
   */
  set(owner: OwnerOf<EventName, ChannelName>, windows: WindowSet): Promise<void>
  /** Back to those in the code. */
  clear(owner: OwnerOf<EventName, ChannelName>): Promise<void>
  /**
   * Looks for the openings of all that waits anew: after windows or the time-zone data of Node.js
   * have changed. With `dryRun` nothing is moved.
   */
  apply(options?: { readonly dryRun?: boolean }): Promise<Applied>
}

const pageSize = 1000
const shown = 100

export function createWindowsFace(parts: OperateParts): Windows<string, string> {
  const { configuration, settings } = parts
  const { channels, events, zoneGiven } = configuration
  const ownerOf = (owner: OwnerOf<string, string>): WindowOwner => {
    const { channel, event } = refuseUnknown(owner, ['channel', 'event'])
    const kind = channel === undefined ? 'event' : 'channel'
    const name = kind === 'channel' ? channel : event
    if (typeof name !== 'string' || (kind === 'channel' && event !== undefined)) {
      throw new EnvoyerError('option-invalid', 'say `{ channel }` or `{ event }`')
    }
    named<unknown>(kind, kind === 'channel' ? channels : events, name)
    return { kind, name }
  }
  return {
    async list() {
      await settings.refreshNow()
      const owners: WindowOwner[] = [
        ...Object.keys(channels).map((name) => ({ kind: 'channel' as const, name })),
        ...Object.keys(events).map((name) => ({ kind: 'event' as const, name })),
      ]
      return owners
        .map((owner) => ({ ...owner, ...windowsOf(configuration, settings, owner) }))
        .filter(({ windows, source }) => source === 'settings' || hasWindows(windows))
    },
    async set(owner, windows) {
      const whose = ownerOf(owner)
      if (!zoneGiven && hasWindows(windows)) {
        throw new EnvoyerError(
          'option-invalid',
          'windows need a `zone` in createEnvoyer, such as `Europe/Berlin`, for recipients without one of their own',
        )
      }
      await settings.setWindows(whose, windows)
    },
    clear: async (owner) => settings.clearWindows(ownerOf(owner)),
    apply: async (options = {}) => apply(parts, options),
  }
}

async function apply(parts: OperateParts, options: { dryRun?: boolean }): Promise<Applied> {
  const { dryRun = false } = refuseUnknown(options, ['dryRun'])
  if (typeof dryRun !== 'boolean') {
    throw new EnvoyerError('option-invalid', '`dryRun` must be a boolean')
  }
  const { configuration, settings } = parts
  const { outbox, database, clock, queue } = await parts.open()
  await Promise.all([settings.refreshNow(), clock.refresh()])
  const waiting = await countWaiting(outbox, database)
  const moveOf = createMoveOf(parts)
  const moves: Moved[] = []
  let moved = 0
  let page: Waiting[] = []
  do {
    page = await listWaiting(outbox, database, page.at(-1), pageSize)
    const now = clock.now()
    const found = page.flatMap((each) => {
      const move = moveOf(each, now)
      return move ? [{ each, move }] : []
    })
    const done = dryRun
      ? new Set(found.map(({ each }) => each.id))
      : await reschedule(
          outbox,
          database,
          found.map(({ move }) => move),
        )
    moved += done.size
    for (const { each, move } of found) {
      if (!done.has(each.id) || moves.length === shown) continue
      const { id, event, channel, sendAt: from } = each
      moves.push({ id, event, channel, from, to: move.to, reason: move.reason })
    }
  } while (page.length === pageSize)
  if (!dryRun && moved > 0) {
    for (const channel of Object.keys(configuration.channels)) queue.ticket(channel)
  }
  return { waiting, moved, moves }
}

/** Another time for a delivery that waits; `undefined` where its own still holds. */
function createMoveOf({ configuration, timetables }: OperateParts) {
  const { events, channels } = configuration
  return (each: Waiting, now: Date): Move | undefined => {
    // Of another version of the application: it alone knows their windows.
    if (!Object.hasOwn(events, each.event) || !Object.hasOwn(channels, each.channel)) return
    if (each.sendAt <= now) return undefined
    // From where it was looked for first, so that a spread stays what it was.
    const first = timingAt(configuration, timetables, each, each.notBefore)
    const past = first.at !== null && first.at < now
    const { at, reason } = past ? timingAt(configuration, timetables, each, now) : first
    const to = at ?? now
    if (Math.abs(to.getTime() - each.sendAt.getTime()) < 1) return undefined
    const kept: WaitReason = reason === 'open' && each.reason === 'retry' ? 'retry' : reason
    const move = { id: each.id, to, reason: kept, was: each.sendAtText }
    return past ? { ...move, notBefore: now } : move
  }
}
