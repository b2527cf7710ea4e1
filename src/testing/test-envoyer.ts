import { AssertionError } from 'node:assert'
import { randomBytes } from 'node:crypto'
import type { Envoyer } from '../envoyer.ts'
import { checkConfiguration, type EnvoyerOptions } from '../option/configuration.ts'
import type { ChannelMap, EventsOn } from '../option/infer.ts'
import type { SendResult } from '../outbox/result.ts'
import type { SkipReason } from '../recipient/route.ts'
import type { Skip } from '../recipient/skip.ts'
import { assemble } from '../wiring/assemble.ts'
import type { Opened } from '../wiring/open.ts'
import type { Worker } from '../worker/worker.ts'
import { describeMatch, describeSent, type Match, matches, type SentMessage } from './match.ts'
import { createRecorder } from './recorder.ts'

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
  /** Moves the clock to an instant, or on by so many milliseconds, and delivers what is due then. */
  advance(to: Date | string | number): Promise<void>
  /** The next tries over the channel fail with this error: one, or as many as said. */
  fail(channel: keyof Channels & string, error: Error, times?: number): void
  /** Forgets what went out and was skipped so far. */
  clear(): void
}

/**
 * An envoyer for tests of an application: routing, templates, outbox and worker are the real ones,
 * only the backends record instead of sending. Takes the options of `createEnvoyer`; those of the
 * database are replaced by one in memory.
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
): TestEnvoyer<Events, Channels, User, OwnAddress> {
  let offsetMs = 0
  const now = () => new Date(Date.now() + offsetMs)
  const recorder = createRecorder(options.channels, now)
  const configuration = checkConfiguration({
    ...options,
    channels: recorder.channels,
    // Sensitive events need one, and a test's own would say nothing.
    secretKey: options.secretKey ?? randomBytes(32).toString('base64'),
    databaseUrl: '',
    directory: 'memory',
  } as never)
  const { envoyer, open } = assemble(configuration, () => offsetMs)
  const skips: Skip[] = []
  const deliver = createDelivering(open, () => envoyer.worker({ stopOn: [], pollMs: 60_000 }))

  const sent = async () => {
    await deliver()
    return recorder.sent
  }
  const found = async (event: string, match: Match) =>
    (await sent()).filter((message) => matches(message, event, match))
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
      const at = typeof to === 'number' ? now().getTime() + to : new Date(to).getTime()
      if (!(at >= now().getTime())) {
        throw new RangeError(`advance: ${String(to)} is no instant after ${now().toISOString()}`)
      }
      offsetMs = at - Date.now()
      await deliver()
    },
    async assertSent(event: string, match: Match = {}) {
      const messages = await found(event, match)
      const enough =
        match.count === undefined ? messages.length > 0 : messages.length === match.count
      if (enough) return messages
      const wanted = match.count === undefined ? 'at least one' : String(match.count)
      throw failure(
        `Expected ${wanted} of ${describeMatch(event, match)}; there were ${messages.length}.`,
        recorder.sent,
        skips,
      )
    },
    async assertNotSent(event: string, match: Match = {}) {
      const messages = await found(event, match)
      if (messages.length === 0) return
      throw failure(
        `Expected no ${describeMatch(event, match)}; there were ${messages.length}.`,
        messages,
      )
    },
    async assertNothingSent() {
      if ((await sent()).length > 0) throw failure('Expected that nothing is sent.', recorder.sent)
    },
    assertSkipped(reason: SkipReason, match: { channel?: string; user?: string | number } = {}) {
      const skipped = skips.filter(
        (skip) =>
          skip.reason === reason &&
          (match.channel === undefined || skip.channel === match.channel) &&
          (match.user === undefined || skip.userId === String(match.user)),
      )
      if (skipped.length > 0) return skipped
      throw failure(
        `Expected that somebody is skipped: ${describeMatch(reason, match)}.`,
        [],
        skips,
      )
    },
  }
  return face as unknown as TestEnvoyer<Events, Channels, User, OwnAddress>
}

function failure(text: string, sent: readonly SentMessage[], skips: readonly Skip[] = []) {
  const skipped = skips.map(
    ({ channel, reason, userId, recipient }) =>
      `  ${channel}: ${reason} (recipient ${recipient}${userId === undefined ? '' : `, user ${userId}`})`,
  )
  const lines = [text, 'Sent:', describeSent(sent)]
  if (skipped.length > 0) lines.push('Skipped:', ...skipped)
  return new AssertionError({ message: lines.join('\n'), stackStartFn: failure })
}

/** Runs a worker until nothing is due by the fake clock, without sleeping longer than it needs. */
function createDelivering(open: () => Promise<Opened>, start: () => Promise<Worker>) {
  let worker: Promise<Worker> | undefined
  return async (): Promise<void> => {
    const { database, outbox } = await open()
    for (;;) {
      const [row] = await database.execute<{ due: string }>(
        `SELECT count(*) AS due FROM ${outbox.schema}.delivery
         WHERE status = 'sending'
           OR (status = 'pending' AND send_at <= now() + $1::float8 * interval '1 ms')`,
        [outbox.clockOffsetMs()],
      )
      if (Number(row?.due) === 0) return
      worker ??= start()
      const { soon } = await worker
      soon(0)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
}
