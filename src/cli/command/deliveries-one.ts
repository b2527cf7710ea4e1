import type { Command } from 'commander'
import { EnvoyerError } from '../../errors.ts'
import { instant } from '../output/words.ts'
import { onEnvoyer, type Session } from '../session.ts'
import { exampleId, withExamples } from '../tree.ts'
import { given, readFuture } from '../values.ts'

interface RescheduleOptions {
  readonly at?: Date
  readonly immediate?: true
  readonly deadline?: Date
}

export function addResend(group: Command): void {
  const command = group
    .command('resend')
    .description('Send one that was sent once more, as a new delivery.')
    .argument('<id>', 'id of the delivery')
    .action(onEnvoyer((session, _options, id: string) => resend(session, id)))
  withExamples(command, ['once more', `envoyer deliveries resend ${exampleId}`])
}

export function addReschedule(group: Command): void {
  const command = group
    .command('reschedule')
    .description('Give one that waits another time; its windows are looked at from there.')
    .argument('<id>', 'id of the delivery')
    .option('--at <time>', 'not before: an instant with its offset, or 2h, 3d from now', readFuture)
    .option('--immediate', 'pass the windows by; without --at, now')
    .option(
      '--deadline <time>',
      'no try begins then or later; alone, it leaves the time as it is',
      readFuture,
    )
    .action(
      onEnvoyer<RescheduleOptions>((session, options, id: string) =>
        reschedule(session, options, id),
      ),
    )
  withExamples(
    command,
    ['tomorrow at eight', `envoyer deliveries reschedule ${exampleId} --at 2026-12-01T08:00:00Z`],
    ['now', `envoyer deliveries reschedule ${exampleId} --immediate`],
  )
}

async function resend({ envoyer, out }: Session, id: string): Promise<void> {
  const newId = await envoyer.deliveries.resend(id)
  out.result({ id: newId, resendOf: id }, () => [`Written anew as ${newId}.`])
}

async function reschedule(
  { envoyer, out }: Session,
  { at, immediate, deadline }: RescheduleOptions,
  id: string,
): Promise<void> {
  if (at === undefined && !immediate && deadline === undefined) {
    throw new EnvoyerError('usage', 'say when: --at, or --immediate for now; or another --deadline')
  }
  const time = at ?? (immediate ? undefined : (await envoyer.deliveries.get(id)).sendAt)
  const moved = await envoyer.deliveries.reschedule(id, given({ at: time, immediate, deadline }))
  out.result({ id, ...moved }, () => [`${id} goes at ${instant(moved.sendAt)} (${moved.reason}).`])
}
