import type { Command } from 'commander'
import { deliveries, notifications } from '../output/words.ts'
import { onEnvoyer, type Session } from '../session.ts'
import { withExamples } from '../tree.ts'
import { given, readCount } from '../values.ts'

interface Options {
  readonly days?: number
  readonly dryRun?: true
}

export function addPrune(program: Command): void {
  const command = program
    .command('prune')
    .description(
      'Remove notifications that were completed long ago. What waits or is being sent stays.',
    )
    .option('--days <number>', 'those that were completed longer ago', readCount)
    .option('--dry-run', 'only count them')
    .action(onEnvoyer<Options>(prune))
  withExamples(
    command,
    ['see how many it would be', 'envoyer prune --days 90 --dry-run'],
    ['remove them', 'envoyer prune --days 90'],
  )
}

async function prune({ envoyer, out }: Session, { days, dryRun }: Options): Promise<void> {
  const progress = out.progress('Deliveries removed')
  const pruned = await envoyer.prune({
    ...given({ days, dryRun }),
    onProgress: ({ deliveries: done }) => progress({ done }),
  })
  const what = `${notifications(pruned.notifications)} with ${deliveries(pruned.deliveries)}`
  out.result({ dryRun: dryRun === true, ...pruned }, () => [
    dryRun ? `${what} would be removed.` : `Removed ${what}.`,
  ])
}
