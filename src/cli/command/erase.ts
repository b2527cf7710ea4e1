import type { Command } from 'commander'
import { EnvoyerError } from '../../errors.ts'
import type { Erased } from '../../wiring/erase.ts'
import { confirm } from '../output/confirm.ts'
import { deliveries, notifications } from '../output/words.ts'
import { onEnvoyer, type Session } from '../session.ts'
import { withExamples } from '../tree.ts'

interface Options {
  readonly user?: string
  readonly to?: string
  readonly dryRun?: true
  readonly yes?: true
}

export function addErase(program: Command): void {
  const command = program
    .command('erase')
    .description("Erase a person's data from all deliveries, and cancel what waits for them.")
    .option('--user <id>', 'of this user of the application')
    .option('--to <address>', 'of this address, in whole')
    .option('--dry-run', 'only count what would be erased')
    .option('--yes', 'do not ask: needed where there is no terminal')
    .action(onEnvoyer<Options>(erase))
  withExamples(
    command,
    ['see what there is', 'envoyer erase --user 1042 --dry-run'],
    ['erase it', 'envoyer erase --to jane@example.com'],
  )
}

async function erase({ envoyer, out }: Session, options: Options): Promise<void> {
  const { user, to, dryRun } = options
  if ((user === undefined) === (to === undefined)) {
    throw new EnvoyerError('usage', 'say whose data: one of --user and --to')
  }
  const whose = user === undefined ? { to: to! } : { user }
  const planned = await envoyer.erase(whose, { dryRun: true })
  if (dryRun) {
    out.result({ dryRun: true, ...planned }, () => [`It would erase ${said(planned)}.`])
    return
  }
  if (!(await confirm(`This erases ${said(planned)}, for good`, options))) return
  const erased = await envoyer.erase(whose)
  // Somebody relies on it that nothing is left.
  if (erased.left > 0) out.failed()
  out.result(erased, () => [
    `Erased ${said(erased)}.`,
    ...(erased.left > 0
      ? [`${deliveries(erased.left)} still hold their data. Erase again once they have ended.`]
      : []),
  ])
}

const said = (erased: Erased) =>
  `a person from ${deliveries(erased.deliveries)}, ${erased.cancelled} of which are cancelled, and the contexts of ${notifications(erased.notifications)}`
