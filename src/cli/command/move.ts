import type { Command } from 'commander'
import { table } from '../output/table.ts'
import { terminalWidth } from '../output/terminal.ts'
import { onEnvoyer, type Session } from '../session.ts'
import { withExamples } from '../tree.ts'

interface Options {
  readonly to: string
}

export function addMove(program: Command): void {
  const command = program
    .command('move')
    .description(
      'Move all that the embedded database holds to PostgreSQL, whole or not at all. Stop the application first.',
    )
    .requiredOption('--to <url>', 'postgres://… of the database to move to')
    .action(onEnvoyer<Options>(move))
  withExamples(command, [
    'an application that has grown',
    'envoyer move --to postgres://envoyer@db.internal/shop',
  ])
}

async function move({ envoyer, out }: Session, { to }: Options): Promise<void> {
  const progress = out.progress('Rows copied')
  const total = (rows: Readonly<Record<string, number>>) =>
    Object.values(rows).reduce((sum, count) => sum + count, 0)
  const { rows } = await envoyer.move({
    to,
    onProgress: (copied) => progress({ done: total(copied) }),
  })
  out.result({ rows }, () => [
    ...table(
      ['table', 'rows'],
      Object.entries(rows).map(([name, count]) => [name, String(count)]),
      terminalWidth(),
    ),
    '',
    'Set ENVOYER_DATABASE_URL to where it is now. The old database cannot be opened any more.',
  ])
}
