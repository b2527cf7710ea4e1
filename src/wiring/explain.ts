import type { OpenTime } from '../availability/index.ts'
import { spreadEnd, type Timing, timingOf, waitsFor } from '../availability/timing.ts'
import { sayTiming } from '../availability/words.ts'
import { parseSendOptions } from '../option/send-options.ts'
import { notesOf, type QueuedDelivery } from '../outbox/find.ts'
import type { Addressed } from '../recipient/addressed.ts'
import { createExpand } from '../recipient/expand.ts'
import { createSkipList, type Skip } from '../recipient/skip.ts'
import type { Carrier, SendSteps, SendTerms } from '../send.ts'
import type { OperateParts } from './operate-parts.ts'
import { startOf } from './timing.ts'

/** When one delivery would go, and why then. */
export interface Explained extends Pick<QueuedDelivery, 'channel' | 'to' | 'zone' | 'notes'> {
  /** In words: `Mon 30 Mar 2026 09:00 Europe/Berlin, waits for the sms window`. */
  readonly text: string
  /** `null`: never. */
  readonly sendAt: Date | null
  /** It would be spread from `sendAt` until here; else `null`. */
  readonly spreadUntil: Date | null
  readonly reason: Timing['reason']
  /** Of the channel and the event, the names of those whose windows open last. */
  readonly waitsFor: readonly string[]
  /** The next five openings, whether they hold this one back or not. */
  readonly next: readonly OpenTime[]
}

export interface Explanation {
  /** All of it in words, a line a delivery. */
  readonly text: string
  readonly deliveries: readonly Explained[]
  /** Channels over which the recipient would not be reached, with the reason. */
  readonly skipped: readonly Skip[]
}

const openings = 5
/** Whose share of a spread is 0. */
const firstId = '00000000-0000-0000-0000-000000000000'

/** Goes the way of `send` as far as the times, and writes nothing. */
export function createExplain(
  { configuration, open, timetables }: OperateParts,
  steps: () => Promise<SendSteps>,
  carrier: () => Promise<Carrier>,
) {
  const { events, channels } = configuration
  const explainOne = (
    event: string,
    terms: SendTerms,
    calledAt: Date,
    made: Addressed,
  ): Explained => {
    const { channel, zone, zoneUnknown, immediate, addressKey: to } = made
    const { afterDeadline } = terms
    const { from, deadline = null } = startOf(terms, calledAt)
    const timetable = timetables(event, channel)
    const timing = timingOf(timetable, {
      ...{ id: firstId, zone, notBefore: from, immediate, deadline, afterDeadline },
    })
    const { at: sendAt, reason } = timing
    const spread = reason === 'window' && timetable.spreadMs > 0
    const spreadUntil = spread ? spreadEnd(timetable, timing.at, zone) : null
    const names = immediate ? [] : waitsFor(timetable, from, zone)
    const told = { zone, zoneUnknown, now: calledAt, waitsFor: names, spreadUntil }
    const fallsBack = made.fallback.length > 0
    const { always, nextOpenings } = timetable.availability
    return {
      ...{ channel, to, zone, sendAt, reason, spreadUntil, waitsFor: names },
      text: sayTiming({ ...told, timing, deadline, afterDeadline, fallsBack }),
      next: always ? [] : nextOpenings(from, zone, openings),
      notes: notesOf(made),
    }
  }
  return async (event: string, recipient: object, given: object = {}): Promise<Explanation> => {
    const terms = parseSendOptions(given, event, events, channels)
    const made = await steps()
    const definition = made.event(event)
    await made.refresh(await carrier())
    const skips = createSkipList()
    const plan = made.channels(event, definition, terms)
    const immediate = terms.immediate || definition.immediate === true
    const expand = createExpand(
      made.expand(event),
      plan,
      { locale: terms.locale, immediate },
      skips.add,
    )
    const alone = expand.one(recipient)
    const { clock } = await open()
    // What if it were called then?
    const calledAt = terms.now ?? clock.now()
    const deliveries = [...alone, ...expand.groups()].map((each) =>
      explainOne(event, terms, calledAt, each),
    )
    const skipped = skips.list().first
    const lines = [
      ...deliveries.map(({ channel, to, text }) => `${channel} to ${to}: ${text}`),
      ...skipped.map(({ channel, reason }) => `${channel}: not reached (${reason})`),
    ]
    return { text: lines.join('\n'), deliveries, skipped }
  }
}
