import type { Command } from 'commander'
import {
  type ClosedDate,
  createAvailability,
  type Window,
  type WindowSet,
} from '../../availability/index.ts'
import { EnvoyerError } from '../../errors.ts'
import type { Applied, ListedWindows, OwnerOf } from '../../wiring/windows.ts'
import { table } from '../output/table.ts'
import { terminalWidth } from '../output/terminal.ts'
import { deliveries, instant, number } from '../output/words.ts'
import { onEnvoyer, type Session } from '../session.ts'
import { withExamples } from '../tree.ts'

interface OwnerOptions {
  readonly channel?: string
  readonly event?: string
}

interface SetOptions extends OwnerOptions {
  readonly except?: readonly string[]
  readonly anyTime?: true
}

export function addWindows(program: Command): void {
  const group = program
    .command('windows')
    .description('Show and change when messages may go out, while everything runs.')
  const list = group
    .command('list')
    .description('List the windows of channels and events, and where they were set.')
    .action(onEnvoyer(listWindows))
  withExamples(list, ['all of them', 'envoyer windows list'])

  const set = owned(group.command('set'))
    .description('Set windows that win over those in the code; they replace all that were set.')
    .argument('[windows...]', 'each as `[days] from-to`, in the wall-clock time of recipients')
    .option('--except <dates...>', 'closed dates: 2026-12-25, or 2026-12-24..2026-12-26')
    .option('--any-time', 'no windows')
    .action(
      onEnvoyer<SetOptions>((session, options, windows: string[]) =>
        setWindows(session, options, windows),
      ),
    )
  withExamples(
    set,
    [
      'office hours, and Saturday mornings',
      "envoyer windows set --channel sms 'mon-fri 09:00-18:00' 'sat 10:00-13:00'",
    ],
    [
      'not at Christmas',
      'envoyer windows set 08:00-21:00 --event newsletter --except 2026-12-24..2026-12-26',
    ],
    ['at any time, whatever the code says', 'envoyer windows set --channel sms --any-time'],
  )

  const clear = owned(group.command('clear'))
    .description('Go back to the windows in the code.')
    .action(onEnvoyer<OwnerOptions>(clearWindows))
  withExamples(clear, ['of one channel', 'envoyer windows clear --channel sms'])

  const apply = group
    .command('apply')
    .description('Bring what waits already to the windows as they are now.')
    .option('--dry-run', 'only tell what would move')
    .action(onEnvoyer<{ dryRun?: true }>(applyWindows))
  withExamples(
    apply,
    ['see what would move', 'envoyer windows apply --dry-run'],
    ['move it', 'envoyer windows apply'],
  )
}

const owned = (command: Command) =>
  command
    .option('--channel <name>', 'those of this channel')
    .option('--event <name>', 'those of this event')

function ownerOf({ channel, event }: OwnerOptions): OwnerOf<string, string> {
  if (channel !== undefined && event === undefined) return { channel }
  if (event !== undefined && channel === undefined) return { event }
  throw new EnvoyerError('usage', 'say whose windows: one of --channel and --event')
}

async function listWindows({ envoyer, out }: Session): Promise<void> {
  const listed = await envoyer.windows.list()
  out.result(listed, () =>
    listed.length === 0
      ? ['There are no windows: messages go at any time.']
      : table(
          ['of', 'name', 'windows', 'closed on', 'set in'],
          listed.map(({ kind, name, windows, source }) => [
            ...[kind, name, said(windows), closed(windows), source],
          ]),
          terminalWidth(),
        ),
  )
}

const windowsOf = (set: WindowSet): readonly Window[] => ('windows' in set ? set.windows : set)

function said(set: WindowSet): string {
  const all = windowsOf(set).map(({ days, from, to }) => {
    const named = days === undefined ? '' : `${typeof days === 'string' ? days : days.join(',')} `
    return `${named}${from}-${to}`
  })
  return all.join('; ') || 'any time'
}

function closed(set: WindowSet): string {
  const except = 'windows' in set ? (set.except ?? []) : []
  return except
    .map((each) => (typeof each === 'string' ? each : `${each.from}..${each.to}`))
    .join(' ')
}

async function setWindows(
  { envoyer, out }: Session,
  options: SetOptions,
  given: readonly string[],
): Promise<void> {
  const owner = ownerOf(options)
  if ((given.length === 0) !== (options.anyTime === true)) {
    const which = given.length === 0 ? '' : ', not both'
    throw new EnvoyerError(
      'usage',
      `give windows such as \`mon-fri 09:00-18:00\`, or --any-time${which}`,
    )
  }
  const windows = given.map(readWindow)
  const except = options.except?.map(readClosed)
  const set: WindowSet = except ? { windows, except } : windows
  await envoyer.windows.set(owner, set)
  const neverMeets = neverMeeting(owner, set, await envoyer.windows.list())
  const name = owner.channel ?? owner.event
  out.result({ ...owner, windows: set, neverMeets }, () => [
    `${name}: ${said(set)}. What waits already keeps its time until \`envoyer windows apply\`.`,
    ...neverMeets.map((other) => {
      return `They never meet with those of ${other}: messages of both go at any time.`
    }),
  ])
}

/** Events of a channel, or channels of an event, whose windows have no time in common with these. */
function neverMeeting(
  { channel }: OwnerOf<string, string>,
  set: WindowSet,
  all: readonly ListedWindows[],
): string[] {
  const otherKind = channel === undefined ? 'channel' : 'event'
  return all
    .filter(({ kind, windows }) => {
      return kind === otherKind && !createAvailability([set, windows]).meets
    })
    .map(({ name }) => name)
}

function readWindow(given: string): Window {
  const [, days, from, to] =
    /^(?:(\S.*?)\s+)?(\d\d?:\d\d)\s*-\s*(\d\d?:\d\d)$/.exec(given.trim()) ?? []
  if (from === undefined || to === undefined) {
    throw new EnvoyerError(
      'usage',
      `"${given}" is no window: say \`mon-fri 09:00-18:00\` or \`09:00-18:00\``,
    )
  }
  return { ...(days === undefined ? {} : { days }), from, to }
}

function readClosed(given: string): ClosedDate {
  const [from, to, ...more] = given.split('..')
  if (more.length > 0) {
    throw new EnvoyerError(
      'usage',
      `--except "${given}" is no date and no range: say 2026-12-25 or 2026-12-24..2026-12-26`,
    )
  }
  return to === undefined ? given : { from: from!, to }
}

async function clearWindows({ envoyer, out }: Session, options: OwnerOptions): Promise<void> {
  const owner = ownerOf(options)
  await envoyer.windows.clear(owner)
  out.result({ ...owner, cleared: true }, () => [
    `${owner.channel ?? owner.event}: as in the code. What waits already keeps its time until \`envoyer windows apply\`.`,
  ])
}

async function applyWindows({ envoyer, out }: Session, options: { dryRun?: true }): Promise<void> {
  const dryRun = options.dryRun === true
  const applied = await envoyer.windows.apply({ dryRun })
  out.result({ dryRun, ...applied }, () => lines(applied, dryRun))
}

function lines({ waiting, moved, moves }: Applied, dryRun: boolean): string[] {
  const rows = moves.map(({ id, channel, from, to, reason }) => [
    ...[id, channel, instant(from), instant(to), reason],
  ])
  const more = moved - rows.length
  return [
    `${deliveries(waiting)} wait for their time; ${number(moved)} ${dryRun ? 'would move' : 'moved'}.`,
    ...(rows.length > 0
      ? ['', ...table(['id', 'channel', 'from', 'to', 'why then'], rows, terminalWidth())]
      : []),
    ...(more > 0 ? [`and ${deliveries(more)} more`] : []),
  ]
}
