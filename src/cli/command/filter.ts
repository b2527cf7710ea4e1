import { type Command, Option } from 'commander'
import { EnvoyerError } from '../../errors.ts'
import { unknownName } from '../../names.ts'
import type { DeliveryFilter } from '../../outbox/filter.ts'
import { deliveryStatuses } from '../../outbox/status.ts'
import type { AnyEnvoyer } from '../config.ts'
import { given, readCount, readList, readPast } from '../values.ts'

/** The flags of a filter, as commander gives them. */
export interface FilterOptions {
  readonly event?: string
  readonly channel?: string
  readonly status?: readonly string[]
  readonly code?: readonly string[]
  readonly triedCode?: readonly string[]
  readonly backend?: string
  readonly notification?: string
  readonly to?: string
  readonly user?: string
  readonly since?: Date
  readonly until?: Date
  readonly scheduled?: true
}

export interface PageOptions extends FilterOptions {
  readonly limit?: number
  readonly after?: string
}

/** Adds the flags that say which deliveries are meant; all that are given must hold. */
export function filtered(
  command: Command,
  without: readonly (keyof FilterOptions)[] = [],
): Command {
  const options: Readonly<Record<keyof FilterOptions, Option>> = {
    event: new Option('--event <name>', 'of this event'),
    channel: new Option('--channel <name>', 'over this channel'),
    status: new Option(
      '--status <names>',
      `one or several of ${deliveryStatuses.join(', ')}`,
    ).argParser(readList),
    code: new Option(
      '--code <codes>',
      'whose last try failed with this error code, or one of several; what was sent has none',
    ).argParser(readList),
    triedCode: new Option(
      '--tried-code <codes>',
      'of which any try failed with this error code, or one of several, however it ended',
    ).argParser(readList),
    backend: new Option('--backend <name>', 'that this backend had last'),
    notification: new Option('--notification <id>', 'of this notification'),
    to: new Option('--to <address>', 'to this address, in whole'),
    user: new Option('--user <id>', "to this user of the application's"),
    since: new Option(
      '--since <time>',
      'written since: an instant with its offset, or 2h, 3d ago',
    ).argParser(readPast),
    until: new Option('--until <time>', 'written before: the same').argParser(readPast),
    scheduled: new Option('--scheduled', 'that wait for a later time, soonest first'),
  }
  for (const [name, option] of Object.entries(options)) {
    if (!without.includes(name as keyof FilterOptions)) command.addOption(option)
  }
  return command
}

export const paged = (command: Command) =>
  filtered(command)
    .option('--limit <number>', 'so many at most, up to 1000', readCount)
    .option('--after <id>', 'go on after this delivery, the last one of the page before')

/**
 * Called where nothing was found: of an event or channel that is not configured it is a misspelling. What
 * was sent before it left the configuration is found. Throws `event-unknown`, `channel-unknown`.
 */
export function refuseMisspelt(
  { names }: AnyEnvoyer,
  named: { readonly event?: string | undefined; readonly channel?: string | undefined },
): void {
  for (const kind of ['event', 'channel'] as const) {
    const name = named[kind]
    const known = names[`${kind}s`]
    if (name !== undefined && !known.includes(name)) throw unknownName(kind, name, known)
  }
}

/** The filter that the flags say; what was not given is left to the envoyer. */
export function filterOf(options: PageOptions): DeliveryFilter {
  const { event, channel, status, code, triedCode, backend, notification, to, user } = options
  const { since, until, scheduled, limit, after } = options
  const unknown = status?.find((each) => !deliveryStatuses.includes(each as never))
  if (unknown !== undefined) {
    throw new EnvoyerError(
      'usage',
      `--status: there is no "${unknown}"; there are ${deliveryStatuses.join(', ')}`,
    )
  }
  const all = { event, channel, status, code, triedCode, backend, to, user }
  return given({
    ...all,
    ...{ notificationId: notification, since, until, scheduled, limit, after },
  }) as DeliveryFilter
}
