import { EnvoyerError } from '../errors.ts'
import { refuseUnknown } from '../option/given.ts'
import { instantProblem, readInstant } from '../option/timing.ts'
import type { WaitReason } from '../outbox/entities.ts'
import { isId } from '../outbox/id.ts'
import { findWaiting, reschedule } from '../outbox/reschedule.ts'
import type { OperateParts } from './operate-parts.ts'
import { timingAt } from './timing.ts'

/** Another time for a delivery that waits. */
export interface Reschedule {
  /** Not before this instant, and then when its windows are open. Default: now. */
  readonly at?: Date | string
  /** Whether it passes its windows by. Default: as before. */
  readonly immediate?: boolean
  /** Another deadline; `null`: none any more. Default: as before. */
  readonly deadline?: Date | string | null
}

export interface Rescheduled {
  readonly sendAt: Date
  readonly reason: WaitReason
}

function read(to: Reschedule) {
  const { at, immediate, deadline } = refuseUnknown(to, ['at', 'immediate', 'deadline'])
  const problems: string[] = []
  const instant = (name: string, value: Date | string | undefined) => {
    const read = value === undefined ? undefined : readInstant(value)
    if (value !== undefined && read === undefined) problems.push(instantProblem(name))
    return read
  }
  const terms = {
    at: instant('at', at),
    immediate,
    deadline: deadline === null ? null : instant('deadline', deadline),
  }
  if (typeof (immediate ?? false) !== 'boolean') problems.push('`immediate` must be a boolean')
  if (problems.length > 0) throw new EnvoyerError('option-invalid', problems)
  return terms
}

/** `undefined` where it does not wait any more. */
export async function rescheduleOne(
  { configuration, open, settings, timetables }: OperateParts,
  id: string,
  to: Reschedule,
): Promise<Rescheduled | undefined> {
  const { at, immediate, deadline } = read(to)
  const { outbox, database, clock, queue } = await open()
  const found = isId(id) ? await findWaiting(outbox, database, id) : undefined
  if (found === undefined) return undefined
  for (const kind of ['event', 'channel'] as const) {
    // Of another version of the application: it alone knows their windows.
    if (Object.hasOwn(configuration[`${kind}s`], found[kind])) continue
    throw new EnvoyerError(`${kind}-unknown`, `"${found[kind]}" of delivery ${id}`)
  }
  await Promise.all([settings.refreshNow(), clock.refresh()])
  const now = clock.now()
  const changed = {
    notBefore: at !== undefined && at > now ? at : now,
    ...(immediate === undefined ? {} : { immediate }),
    ...(deadline === undefined ? {} : { deadlineAt: deadline }),
  }
  const timing = timingAt(configuration, timetables, { ...found, ...changed }, now)
  if (timing.at === null) {
    const problem = `delivery ${id} cannot go then (${timing.reason}); give it another \`deadline\`, or null`
    throw new EnvoyerError('option-invalid', problem)
  }
  const move = { id, to: timing.at, reason: timing.reason, ...changed }
  const moved = await reschedule(outbox, database, [move])
  if (!moved.has(id)) return undefined
  queue.ticket(found.channel)
  return { sendAt: timing.at, reason: timing.reason }
}
