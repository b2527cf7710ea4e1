import type { Command } from 'commander'
import { addCancel, addRetry } from './deliveries-change.ts'
import { addReschedule, addResend } from './deliveries-one.ts'
import { addList, addShow } from './deliveries-read.ts'

export function addDeliveries(program: Command): void {
  const group = program
    .command('deliveries')
    .description('Find deliveries, see what became of them, and try, send or cancel them.')
  for (const add of [addList, addShow, addRetry, addResend, addReschedule, addCancel]) add(group)
}
