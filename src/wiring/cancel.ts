import { cancel, type Settled } from '../outbox/settle.ts'
import type { OperateParts } from './operate-parts.ts'

/** Cancels what waits among these, with what follows from it. Gives what became of them. */
export async function cancelWaiting(
  { open, emitter, followUp }: Pick<OperateParts, 'open' | 'emitter' | 'followUp'>,
  ids: readonly string[],
): Promise<Settled> {
  const { outbox, database } = await open()
  const [settled, afterCommit] = await database.transaction(async (tx) => {
    const ended = await cancel(outbox, tx, ids)
    return [ended, await followUp(tx, ended.completed)] as const
  })
  afterCommit()
  tellCancelled(emitter, settled)
  return settled
}

/** Signals of what was cancelled, after the commit. */
export function tellCancelled(emitter: OperateParts['emitter'], { ids, completed }: Settled): void {
  for (const id of ids) emitter.emit('delivery:cancelled', { id })
  for (const id of completed) emitter.emit('notification:completed', { id })
}
