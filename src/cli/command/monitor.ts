import { type Command, Option } from 'commander'
import { deliveries, number } from '../output/words.ts'
import { onEnvoyer, type Session } from '../session.ts'
import { withExamples } from '../tree.ts'
import { given, readCount } from '../values.ts'
import { refuseMisspelt } from './filter.ts'

interface Options {
  readonly status: 'failed' | 'pending'
  readonly limit: number
  readonly minutes?: number
  readonly event?: string
  readonly channel?: string
}

export function addMonitor(program: Command): void {
  const command = program
    .command('monitor')
    .description(
      'Count what failed, or what is overdue: ends with 1 at the limit or above, for a monitoring system.',
    )
    .addOption(
      new Option('--status <status>', '`failed`: given up; `pending`: due and not sent')
        .choices(['failed', 'pending'])
        .makeOptionMandatory(),
    )
    .option('--limit <number>', 'so many are too many', readCount, 1)
    .option(
      '--minutes <number>',
      'failed within so many minutes, or due for longer than so many; without it, all',
      readCount,
    )
    .option('--event <name>', 'of this event')
    .option('--channel <name>', 'over this channel')
    .action(onEnvoyer<Options>(monitor))
  withExamples(
    command,
    [
      'fifty given up within ten minutes are an alarm',
      'envoyer monitor --status failed --limit 50 --minutes 10',
    ],
    [
      'so is one that waits for half an hour',
      'envoyer monitor --status pending --limit 1 --minutes 30',
    ],
  )
}

async function monitor({ envoyer, out }: Session, options: Options): Promise<void> {
  const { status, limit, minutes = 0, event, channel } = options
  const { at } = await envoyer.status()
  const then = new Date(at.getTime() - minutes * 60_000)
  const settledSince = options.minutes === undefined ? undefined : then
  const count = await envoyer.deliveries.count({
    ...given({ event, channel }),
    ...(status === 'failed' ? { status, ...given({ settledSince }) } : { dueBefore: then }),
  })
  if (count === 0) refuseMisspelt(envoyer, options)
  const over = count >= limit
  if (over) out.failed()
  const time = options.minutes === undefined ? '' : ` ${timeOf(status, options.minutes)}`
  out.result({ status, count, limit, minutes: options.minutes ?? null, over }, () => [
    `${over ? 'too many' : 'ok'}: ${deliveries(count)} ${status}${time} (limit ${number(limit)})`,
  ])
}

const timeOf = (status: Options['status'], minutes: number) =>
  status === 'failed' ? `within ${minutes} min` : `for longer than ${minutes} min`
