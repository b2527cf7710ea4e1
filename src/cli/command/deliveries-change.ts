import type { Command } from 'commander'
import { codeOf, EnvoyerError, toError } from '../../errors.ts'
import type { DeliveryFilter } from '../../outbox/filter.ts'
import type { DeliveryDetails } from '../../outbox/read.ts'
import type { DeliveryStatus } from '../../outbox/status.ts'
import { confirm } from '../output/confirm.ts'
import { deliveries } from '../output/words.ts'
import { onEnvoyer, type Session } from '../session.ts'
import { exampleId, withExamples } from '../tree.ts'
import { type FilterOptions, filtered, filterOf, refuseMisspelt } from './filter.ts'

interface ManyOptions extends FilterOptions {
  readonly yes?: true
  readonly dryRun?: true
}

export function addRetry(group: Command): void {
  const command = group
    .command('retry')
    .description('Try failed ones again, under the same ids: some by id, or all that filters find.')
    .argument('[ids...]', 'ids of deliveries')
    .option('--failed', 'all that failed, and that the filters find')
  many(filtered(command, ['status', 'scheduled'])).action(
    onEnvoyer<ManyOptions & { failed?: true }>((session, options, ids: string[]) =>
      retry(session, options, ids),
    ),
  )
  withExamples(
    command,
    ['one', `envoyer deliveries retry ${exampleId}`],
    [
      'how many would it be?',
      'envoyer deliveries retry --failed --code ECONNREFUSED --since 3h --dry-run',
    ],
    [
      'all of them, once the provider is back',
      'envoyer deliveries retry --failed --code ECONNREFUSED --since 3h --yes',
    ],
  )
}

export function addCancel(group: Command): void {
  const command = group
    .command('cancel')
    .description('Cancel ones that wait: some by id, or all that filters find.')
    .argument('[ids...]', 'ids of deliveries')
    .option('--pending', 'all that wait, and that the filters find')
  many(filtered(command, ['status'])).action(
    onEnvoyer<ManyOptions & { pending?: true }>((session, options, ids: string[]) =>
      cancel(session, options, ids),
    ),
  )
  withExamples(
    command,
    ['one', `envoyer deliveries cancel ${exampleId}`],
    ['a newsletter that has a mistake', 'envoyer deliveries cancel --pending --event newsletter'],
  )
}

const many = (command: Command) =>
  command
    .option('--dry-run', 'only tell how many there are')
    .option('--yes', 'do not ask: needed where there is no terminal')

/** The filter, or none where ids were given. Throws `usage` where it is neither or both. */
function filterOr(
  ids: readonly string[],
  options: ManyOptions,
  flag: { readonly name: string; readonly given: true | undefined },
): DeliveryFilter | undefined {
  const filter = filterOf(options)
  if (ids.length > 0 && !flag.given && Object.keys(filter).length === 0) return undefined
  if (ids.length === 0 && flag.given) return filter
  throw new EnvoyerError('usage', `give ids, or ${flag.name} and filters`)
}

/** Counts what is found, and asks. False where it was only to be counted, or somebody said no. */
async function isAgreed(
  { envoyer, out }: Session,
  filter: DeliveryFilter,
  options: ManyOptions,
  done: string,
): Promise<boolean> {
  const count = await envoyer.deliveries.count(filter)
  if (count === 0) refuseMisspelt(envoyer, filter)
  if (options.dryRun) {
    out.result({ dryRun: true, count }, () => [`${deliveries(count)} would be ${done}.`])
    return false
  }
  return count === 0 || confirm(`${deliveries(count)} will be ${done}`, options)
}

/** Does it to each, whatever becomes of the others. */
async function each(
  { envoyer, out }: Session,
  ids: readonly string[],
  { dryRun }: ManyOptions,
  how: {
    /** What it can be done to. */
    readonly status: DeliveryStatus
    readonly act: (id: string) => Promise<void>
    readonly key: string
    readonly done: string
  },
): Promise<void> {
  const problems: { id: string; problem: string }[] = []
  let done = 0
  for (const id of new Set(ids)) {
    try {
      if (dryRun) refuseUnless(how.status, await envoyer.deliveries.get(id), how.done)
      else await how.act(id)
      done += 1
    } catch (thrown) {
      // A database that is away, say, is no matter of this one.
      const isItsOwn = ['not-found', 'delivery-state'].includes(codeOf(thrown, ''))
      if (!isItsOwn || ids.length === 1) throw thrown
      problems.push({ id, problem: toError(thrown).message })
    }
  }
  if (problems.length > 0) out.failed()
  const count = dryRun ? { dryRun, count: done } : { [how.key]: done }
  out.result({ ...count, problems }, () => [
    `${deliveries(done)} ${dryRun ? 'would be ' : ''}${how.done}.`,
    ...problems.map(({ problem }) => problem),
  ])
}

function refuseUnless(status: DeliveryStatus, found: DeliveryDetails, done: string): void {
  if (found.status === status) return
  const problem = `delivery ${found.id} is ${found.status}, so it would not be ${done}`
  throw new EnvoyerError('delivery-state', problem)
}

async function retry(
  { envoyer, out }: Session,
  options: ManyOptions & { failed?: true },
  ids: readonly string[],
): Promise<void> {
  const filter = filterOr(ids, options, { name: '--failed', given: options.failed })
  if (filter === undefined) {
    const act = envoyer.deliveries.retry
    return each({ envoyer, out }, ids, options, {
      ...{ status: 'failed', act, key: 'retried', done: 'tried again' },
    })
  }
  const failed = { ...filter, status: 'failed' } as const
  if (!(await isAgreed({ envoyer, out }, failed, options, 'tried again'))) return
  const { retried, left } = await envoyer.deliveries.retryAll(filter, {
    onProgress: out.progress('Tried again'),
  })
  out.result({ retried, left }, () => [
    `${deliveries(retried)} tried again.`,
    ...(left > 0
      ? [`${deliveries(left)} cannot be: what was needed for them has been erased.`]
      : []),
  ])
}

async function cancel(
  { envoyer, out }: Session,
  options: ManyOptions & { pending?: true },
  ids: readonly string[],
): Promise<void> {
  const filter = filterOr(ids, options, { name: '--pending', given: options.pending })
  if (filter === undefined) {
    const act = envoyer.deliveries.cancel
    return each({ envoyer, out }, ids, options, {
      ...{ status: 'pending', act, key: 'cancelled', done: 'cancelled' },
    })
  }
  const pending = { ...filter, status: 'pending' } as const
  if (!(await isAgreed({ envoyer, out }, pending, options, 'cancelled'))) return
  const { cancelled } = await envoyer.deliveries.cancelAll(filter, {
    onProgress: out.progress('Cancelled'),
  })
  out.result({ cancelled }, () => [`${deliveries(cancelled)} cancelled.`])
}
