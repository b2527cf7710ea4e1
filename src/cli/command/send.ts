import type { Command } from 'commander'
import { EnvoyerError } from '../../errors.ts'
import type { SendResult } from '../../outbox/result.ts'
import { table } from '../output/table.ts'
import { terminalWidth } from '../output/terminal.ts'
import { deliveries, instant } from '../output/words.ts'
import { onEnvoyer, type Session } from '../session.ts'
import { withExamples } from '../tree.ts'
import {
  given,
  readDuration,
  readFuture,
  readJson,
  readList,
  readLocale,
  readRecipients,
} from '../values.ts'

interface Options {
  readonly to: readonly string[]
  readonly context?: string
  readonly channel?: readonly string[]
  readonly key?: string
  readonly at?: Date
  readonly immediate?: true
  readonly locale?: string
  readonly urgent?: true
  readonly wait?: true
  readonly timeout?: number
}

/** How many deliveries are listed to people; with `--json` all that `send` gives. */
const shown = 20

export function addSend(program: Command): void {
  const command = program
    .command('send')
    .description('Send an event: write its deliveries to the outbox, for a worker to deliver.')
    .argument('<event>', 'name of the event')
    .requiredOption(
      '--to <recipient>',
      'a mail address, phone number or URL, or JSON of one or several recipients (text, @file, or - for standard input); may be given several times',
      (each: string, before: string[] = []) => [...before, each],
    )
    .option('--context <json>', "the event's context: JSON, @file, or - for standard input")
    .option('--channel <names>', 'only over these channels, separated by commas', readList)
    .option('--key <key>', 'idempotency key: the same key gives the first result again')
    .option('--at <time>', 'not before: an instant with its offset, or 2h, 3d from now', readFuture)
    .option('--immediate', 'pass all windows by')
    .option('--locale <tag>', 'in this language, instead of that of each recipient', readLocale)
    .option('--urgent', 'overtake what is not urgent')
    .option('--wait', 'wait until all is sent, failed or cancelled; a worker must run')
    .option('--timeout <duration>', 'how long --wait waits: 10s, 5m; without it 30s', readDuration)
    .action(onEnvoyer<Options>((session, options, event: string) => send(session, options, event)))
  withExamples(
    command,
    [
      'to one mail address',
      `envoyer send order-shipped --to jane@example.com --context '{"orderId":"1042"}'`,
    ],
    [
      'to many, from files, at most once, at eight',
      'envoyer send newsletter --to @people.json --context @issue.json --key issue-12 --at 2026-12-01T08:00:00Z',
    ],
    [
      'by SMS, and wait for the outcome',
      `envoyer send password-reset --to +491713920012 --channel sms --context - --wait < context.json`,
    ],
  )
}

async function send({ envoyer, out }: Session, options: Options, event: string): Promise<void> {
  const { to, context, channel: channels, wait, timeout: timeoutMs } = options
  const { key, at, immediate, locale, urgent } = options
  if (timeoutMs !== undefined && !wait) throw new EnvoyerError('usage', '--timeout is for --wait')
  if ([...to, context].filter((each) => each === '-').length > 1) {
    throw new EnvoyerError('usage', 'standard input can be read once: `-` was given several times')
  }
  const recipients = (await Promise.all(to.map(readRecipients))).flat()
  if (recipients.length === 0) throw new EnvoyerError('usage', '--to holds no recipient')
  const progress = out.progress('Written')
  const sent = await envoyer.send(
    event,
    recipients as never,
    (context === undefined ? {} : await readJson('--context', context)) as never,
    {
      ...given({ channels, key, at, immediate, locale, urgent }),
      onProgress: ({ deliveries: done }) => progress({ done }),
    },
  )
  const { notificationId, count, repeated, skipped } = sent
  // What went out before is not told how it goes out.
  const paused = repeated ? new Set<string>() : await pausedOf(envoyer, sent)
  const written = {
    ...{ notificationId, event, count, repeated, deliveries: sent.deliveries, skipped },
    paused: [...paused],
  }
  // Who runs it meant somebody.
  if (count === 0) out.failed()
  const tellWritten = () => out.result(written, () => lines(sent, paused))
  if (!wait) return tellWritten()
  const completed = await envoyer.waitFor(sent, given({ timeoutMs })).catch((thrown: unknown) => {
    // Whatever became of the waiting, it is written, and its ids lead on.
    tellWritten()
    throw thrown
  })
  if (completed.sent < count) out.failed()
  out.result({ ...written, completed }, () => [
    ...lines(sent, paused),
    `${completed.sent} sent, ${completed.failed} failed, ${completed.cancelled} cancelled`,
  ])
}

/** Those channels of what was sent that are paused. */
async function pausedOf(
  { names, settings }: Session['envoyer'],
  { deliveries: made }: SendResult,
): Promise<ReadonlySet<string>> {
  const used = new Set(made.map(({ channel }) => channel))
  const paused = new Set<string>()
  for (const channel of names.channels) {
    if (used.has(channel) && (await settings.get(channel)).paused) paused.add(channel)
  }
  return paused
}

function lines(sent: SendResult, paused: ReadonlySet<string>): string[] {
  const { notificationId, count, repeated, skipped } = sent
  const more = count - Math.min(shown, sent.deliveries.length)
  const head = repeated ? 'sent before with this key, nothing new' : 'written'
  return [
    `${deliveries(count)} ${head}: notification ${notificationId}`,
    ...(sent.deliveries.length > 0 ? ['', ...deliveryLines(sent, paused)] : []),
    ...(more > 0 ? [`and ${deliveries(more)} more`] : []),
    ...(skipped.total > 0 ? ['', ...skippedLines(skipped)] : []),
    ...(repeated
      ? ['', `How they stand: envoyer deliveries list --notification ${notificationId}`]
      : []),
  ]
}

function deliveryLines(
  { deliveries: made, repeated }: SendResult,
  paused: ReadonlySet<string>,
): string[] {
  const head = ['id', 'channel', 'to', ...(repeated ? [] : ['goes at', 'why then'])]
  const rows = made.slice(0, shown).map(({ id, channel, to, sendAt, reason }) => {
    if (repeated) return [id, channel, to]
    if (paused.has(channel)) return [id, channel, to, 'when resumed', 'the channel is paused']
    return [id, channel, to, sendAt ? instant(sendAt) : 'now', reason === 'open' ? '' : reason]
  })
  return table(head, rows, terminalWidth())
}

function skippedLines({ counts }: SendResult['skipped']): string[] {
  return Object.entries(counts).flatMap(([channel, reasons]) =>
    Object.entries(reasons).map(
      ([reason, count]) => `${count} not reached by ${channel}: ${reason}`,
    ),
  )
}
