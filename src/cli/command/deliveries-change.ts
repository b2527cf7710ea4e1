import type { Command } from 'commander'
import { onEnvoyer, type Session } from '../session.ts'
import { withExamples } from '../tree.ts'

const id = '01a1fb64-2753-7113-b05b-55fe2feb4157'

export function addRetry(group: Command): void {
  const command = group
    .command('retry')
    .description('Try failed ones again, under the same ids.')
    .argument('<ids...>', 'ids of deliveries')
    .action(onEnvoyer((session, _options, ids: string[]) => retry(session, ids)))
  withExamples(command, ['one', `envoyer deliveries retry ${id}`])
}

export function addCancel(group: Command): void {
  const command = group
    .command('cancel')
    .description('Cancel ones that wait.')
    .argument('<ids...>', 'ids of deliveries')
    .action(onEnvoyer((session, _options, ids: string[]) => cancel(session, ids)))
  withExamples(command, ['one', `envoyer deliveries cancel ${id}`])
}

async function retry({ envoyer, out }: Session, ids: readonly string[]): Promise<void> {
  for (const each of ids) await envoyer.deliveries.retry(each)
  out.result({ retried: ids }, () => ids.map((each) => `${each} is tried again.`))
}

async function cancel({ envoyer, out }: Session, ids: readonly string[]): Promise<void> {
  for (const each of ids) await envoyer.deliveries.cancel(each)
  out.result({ cancelled: ids }, () => ids.map((each) => `${each} is cancelled.`))
}
