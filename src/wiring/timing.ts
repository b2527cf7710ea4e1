import { createAvailability, isZone, type WindowSet } from '../availability/index.ts'
import { type Timetable, type Timing, timingOf } from '../availability/timing.ts'
import type { Configuration } from '../option/configuration.ts'
import type { Claimed } from '../outbox/claimed.ts'
import type { Clock } from '../outbox/clock.ts'
import type { CallTiming, SendTerms } from '../send.ts'
import type { SettingStore, WindowOwner } from '../setting/settings.ts'

/** The windows of an owner as they hold now, and from where. */
export interface OwnWindows {
  readonly windows: WindowSet
  readonly source: 'settings' | 'code'
}

/** The timetable of an event's messages over a channel, as the settings are now. */
export type TimetableOf = (event: string, channel: string) => Timetable

const anyTime: WindowSet = []

/** What an operator has set wins over the code. */
export function windowsOf(
  { events, channels }: Pick<Configuration, 'events' | 'channels'>,
  settings: Pick<SettingStore, 'windows'>,
  { kind, name }: WindowOwner,
): OwnWindows {
  const set = settings.windows({ kind, name })
  if (set !== undefined) return { windows: set, source: 'settings' }
  const inCode = kind === 'event' ? events[name]?.windows : channels[name]?.windows
  return { windows: inCode ?? anyTime, source: 'code' }
}

/** Puts the windows of channels and events together: once, and again where an operator changes some. */
export function createTimetables(
  configuration: Configuration,
  settings: Pick<SettingStore, 'windows'>,
): TimetableOf {
  const { events, channels } = configuration
  const kept = new Map<string, Timetable & { readonly of: readonly WindowSet[] }>()
  return (event, channel) => {
    const key = `${event} ${channel}`
    const ofChannel = windowsOf(configuration, settings, { kind: 'channel', name: channel }).windows
    const ofEvent = windowsOf(configuration, settings, { kind: 'event', name: event }).windows
    const known = kept.get(key)
    if (known?.of[0] === ofChannel && known?.of[1] === ofEvent) return known!
    const sets = [ofChannel, ofEvent]
    const names = [`channel ${channel}`, `event ${event}`]
    const made = {
      of: sets,
      availability: createAvailability(sets, names),
      owners: [channel, event].map((name, n) => ({
        name,
        availability: createAvailability([sets[n]!]),
      })),
      spreadMs: events[event]?.spreadMs ?? channels[channel]?.spreadMs ?? 0,
    }
    kept.set(key, made)
    return made
  }
}

type TimingTerms = Pick<SendTerms, 'at' | 'now' | 'deadline' | 'deadlineMs' | 'afterDeadline'>

/** From where a call's openings are looked for, and by when its deliveries must have gone. */
export function startOf({ at, now, deadline, deadlineMs }: TimingTerms, calledAt: Date) {
  const from = now ?? calledAt
  const after = deadlineMs === undefined ? undefined : (at ?? calledAt).getTime() + deadlineMs
  return {
    from: at !== undefined && at > from ? at : from,
    deadline: after === undefined ? deadline : new Date(after),
  }
}

/** When the deliveries of one call of `send` go. */
export function callTiming(
  timetables: TimetableOf,
  clock: Clock,
  name: string,
  terms: TimingTerms,
): CallTiming {
  const calledAt = clock.now()
  const { from, deadline } = startOf(terms, calledAt)
  const { afterDeadline } = terms
  const ofChannel = new Map<string, Timetable>()
  const timetable = (channel: string) => {
    const known = ofChannel.get(channel) ?? timetables(name, channel)
    ofChannel.set(channel, known)
    return known
  }
  return {
    notBefore: from > calledAt ? from : undefined,
    deadline,
    schedule: ({ id, channel, zone, immediate }) => {
      const { at, reason } = timingOf(timetable(channel), {
        id,
        zone,
        immediate,
        notBefore: from,
        deadline: deadline ?? null,
        afterDeadline,
      })
      // What cannot go is due at once: the worker gives it up, as it would later.
      return { sendAt: at !== null && at > calledAt ? at : undefined, reason }
    },
  }
}

/** What a delivery that is written knows of when it may go. */
export type Written = Pick<
  Claimed,
  'id' | 'event' | 'channel' | 'zone' | 'immediate' | 'notBefore' | 'deadlineAt' | 'afterDeadline'
>

/** When a delivery may go from `now` on, as its windows are. */
export function timingAt(
  { zone }: Configuration,
  timetables: TimetableOf,
  written: Written,
  now: Date,
): Timing {
  const { id, immediate, notBefore, deadlineAt, afterDeadline } = written
  return timingOf(timetables(written.event, written.channel), {
    id,
    immediate,
    deadline: deadlineAt,
    afterDeadline,
    // Written by another process, whose runtime may know other zones.
    zone: isZone(written.zone) ? written.zone : zone,
    notBefore: notBefore !== null && notBefore > now ? notBefore : now,
  })
}
