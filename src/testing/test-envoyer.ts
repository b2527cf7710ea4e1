import { randomBytes } from 'node:crypto'
import { sayInstant } from '../availability/words.ts'
import type { Envoyer } from '../envoyer.ts'
import { checkConfiguration, type EnvoyerOptions } from '../option/configuration.ts'
import type { ChannelMap, EventsOn } from '../option/infer.ts'
import { instantProblem, readInstant } from '../option/timing.ts'
import type { WaitReason } from '../outbox/entities.ts'
import type { SendResult } from '../outbox/result.ts'
import type { SkipReason } from '../recipient/route.ts'
import type { Skip } from '../recipient/skip.ts'
import { assemble } from '../wiring/assemble.ts'
import { createAssertions } from './assertions.ts'
import { createDelivering } from './delivering.ts'
import type { Match, SentMessage } from './match.ts'
import { createRecorder } from './recorder.ts'

export interface TestOptions {
  /** What the clock shows at the beginning. Default: the real time. */
  readonly now?: Date | string
}

function instantOf(at: Date | string): number {
  const instant = readInstant(at)
  if (instant === undefined) throw new RangeError(instantProblem('the time'))
  return instant.getTime()
}

/** A message that waits for its time. */
export interface WaitingMessage {
  readonly id: string
  readonly event: string
  readonly channel: string
  /** The normalised address. */
  readonly to: string
  readonly users: readonly string[]
  /** The zone whose wall clock its windows are read by. */
  readonly zone: string
  readonly sendAt: Date
  /** What it waits for: `window`, `retry`, or `open` where only `at` holds it back. */
  readonly reason: WaitReason
  /** In words: `Mon 30 Mar 2026 09:00 Europe/Berlin (window)`. */
  readonly text: string
}

/** An envoyer whose backends record, on a database in memory, with a clock that can be moved. */
export interface TestEnvoyer<
  Events extends EventsOn<Channels>,
  Channels extends ChannelMap,
  User,
  OwnAddress extends string,
> extends Envoyer<Events, Channels, User, OwnAddress> {
  /** Delivers what is due, then gives all that went out so far, in order. */
  sent(): Promise<readonly SentMessage[]>
  /** Fails unless such a message went out; gives those that match. */
  assertSent(
    event: keyof Events & string,
    match?: Match<keyof Channels & string>,
  ): Promise<readonly SentMessage[]>
  assertNotSent(event: keyof Events & string, match?: Match<keyof Channels & string>): Promise<void>
  assertNothingSent(): Promise<void>
  /** Fails unless some recipient was skipped for this reason; gives those skipped (at most the first hundred of each `send`). */
  assertSkipped(
    reason: SkipReason,
    match?: { readonly channel?: keyof Channels & string; readonly user?: string | number },
  ): readonly Skip[]
  /** Delivers all that is due now, retries that are due included. */
  deliver(): Promise<void>
  /** The time by the fake clock. */
  now(): Date
  /**
   * Moves the clock to an instant, or on by so many milliseconds, and delivers what becomes due until
   * then, each at its time.
   */
  advance(to: Date | string | number): Promise<void>
  /** What waits for its time, soonest first, and why: the first thousand. */
  waiting(): Promise<readonly WaitingMessage[]>
  /** The next tries over the channel fail with this error: one, or as many as said. */
  fail(channel: keyof Channels & string, error: Error, times?: number): void
  /** Forgets what went out and was skipped so far. */
  clear(): void
}

/**
 * An envoyer for tests of an application: routing, templates, outbox and worker are the real ones,
 * only the backends record instead of sending. Takes the options of `createEnvoyer`; those of the
 * database are replaced by one in memory. The second argument says what its clock shows at first.
 *
 * ```ts
 * const envoyer = createTestEnvoyer(options)
 * await signUp({ envoyer, email: 'ada@example.com' })
 * await envoyer.assertSent('welcome', { channel: 'email', to: 'ada@example.com' })
 * ```
 */
export function createTestEnvoyer<
  const Channels extends ChannelMap,
  const Events extends EventsOn<Channels>,
  // biome-ignore lint/suspicious/noExplicitAny: as in createEnvoyer
  User = any,
  OwnAddress extends Extract<keyof Channels, string> = never,
>(
  options: EnvoyerOptions<Events, Channels, User, OwnAddress>,
  { now: startAt }: TestOptions = {},
): TestEnvoyer<Events, Channels, User, OwnAddress> {
  let offsetMs = startAt === undefined ? 0 : instantOf(startAt) - Date.now()
  const now = () => new Date(Date.now() + offsetMs)
  const recorder = createRecorder(options.channels, now)
  const configuration = checkConfiguration({
    ...options,
    channels: recorder.channels,
    // Sensitive events need one, and a test's own would say nothing.
    secretKey: options.secretKey ?? randomBytes(32).toString('base64'),
    databaseUrl: '',
    redisUrl: '',
    directory: 'memory',
  } as never)
  // Its worker is not one to be watched.
  const { envoyer, open } = assemble({ ...configuration, monitor: undefined }, () => offsetMs)
  const skips: Skip[] = []
  const { deliver, nextDue } = createDelivering(configuration.channels, envoyer, open)

  const sent = async () => {
    await deliver()
    return recorder.sent
  }
  const face = {
    ...envoyer,
    async send(...given: Parameters<typeof envoyer.send>): Promise<SendResult> {
      const result = await envoyer.send(...given)
      if (!result.repeated) skips.push(...result.skipped.first)
      return result
    },
    sent,
    deliver,
    now,
    fail: (channel: string, error: Error, times = 1) => recorder.fail(channel, error, times),
    clear() {
      recorder.sent.length = 0
      skips.length = 0
    },
    async advance(to: Date | string | number) {
      await deliver()
      const at = instantOf(typeof to === 'number' ? new Date(now().getTime() + to) : to)
      // The clock runs on meanwhile, and `now()` is no time before now.
      if (at < now().getTime() - 1000) {
        throw new RangeError(`advance: ${String(to)} is no instant after ${now().toISOString()}`)
      }
      for (let due = await nextDue(); due && Number(due) <= at; due = await nextDue()) {
        offsetMs = Math.max(offsetMs, Number(due) - Date.now())
        await deliver()
      }
      offsetMs = Math.max(offsetMs, at - Date.now())
      await deliver()
    },
    async waiting(): Promise<readonly WaitingMessage[]> {
      await deliver()
      const all = await envoyer.deliveries.list({ scheduled: true, limit: 1000 })
      return all.map(({ id, event, channel, addressKey: to, users, zone, sendAt, reason }) => ({
        ...{ id, event, channel, to, users, zone, sendAt, reason },
        text: `${sayInstant(sendAt, zone)} (${reason})`,
      }))
    },
    ...createAssertions(sent, skips),
  }
  return face as unknown as TestEnvoyer<Events, Channels, User, OwnAddress>
}
