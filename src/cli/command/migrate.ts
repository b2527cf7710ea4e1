import type { Command } from 'commander'
import { onEnvoyer, type Session } from '../session.ts'
import { withExamples } from '../tree.ts'

interface Options {
  readonly dryRun?: true
}

export function addMigrate(program: Command): void {
  const command = program
    .command('migrate')
    .description('Create the tables, or bring them up to date: a step of a deployment.')
    .option('--dry-run', 'only list the migrations that would run')
    .action(onEnvoyer<Options>(migrate))
  withExamples(
    command,
    ['see what would run', 'envoyer migrate --dry-run'],
    ['run it', 'envoyer migrate'],
  )
}

async function migrate({ envoyer, out }: Session, options: Options): Promise<void> {
  const dryRun = options.dryRun === true
  const migrations = await envoyer.migrate({ dryRun })
  out.result({ dryRun, migrations }, () => [
    ...migrations.map((name) => `${dryRun ? 'would run' : 'ran'}  ${name}`),
    ...(migrations.length === 0 ? ['The tables are up to date.'] : []),
  ])
}
