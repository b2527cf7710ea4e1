import type { Command } from 'commander'
import type { DeliveryDetails, DeliveryView } from '../../outbox/read.ts'
import { table } from '../output/table.ts'
import { paint, terminalWidth, visible } from '../output/terminal.ts'
import { duration, instant } from '../output/words.ts'
import { onEnvoyer, type Session } from '../session.ts'
import { exampleId, withExamples } from '../tree.ts'
import { filterOf, type PageOptions, paged, refuseMisspelt } from './filter.ts'

export function addList(group: Command): void {
  const command = paged(group.command('list'))
    .description('List deliveries, newest first. All filters that are given must hold.')
    .action(onEnvoyer<PageOptions>(list))
  withExamples(
    command,
    ['what failed in the last two hours', 'envoyer deliveries list --status failed --since 2h'],
    ['what one address got', 'envoyer deliveries list --to jane@example.com'],
    ['what still waits, soonest first', 'envoyer deliveries list --scheduled --limit 20'],
    [
      'their ids, for another program',
      "envoyer deliveries list --event order-shipped --json | jq -r '.[].id'",
    ],
  )
}

export function addShow(group: Command): void {
  const command = group
    .command('show')
    .description('Show one delivery: context, message, what the provider answered, failed tries.')
    .argument('<id>', 'id of the delivery')
    .action(onEnvoyer((session, _options, id: string) => show(session, id)))
  withExamples(command, ['one', `envoyer deliveries show ${exampleId}`])
}

async function list({ envoyer, out }: Session, options: PageOptions): Promise<void> {
  const found = await envoyer.deliveries.list(filterOf(options))
  if (found.length === 0) refuseMisspelt(envoyer, options)
  out.result(found, () => {
    if (found.length === 0) return ['No deliveries.']
    return table(
      ['id', 'status', 'channel', 'to', 'event', 'time', 'tries', 'code'],
      found.map(rowOf),
      terminalWidth(),
    )
  })
}

function rowOf(delivery: DeliveryView): string[] {
  const { id, status, channel, addressKey, event, attempts, errorCode } = delivery
  return [
    id,
    status,
    channel,
    addressKey,
    event,
    timeOf(delivery),
    String(attempts),
    errorCode ?? '',
  ]
}

/** When it was settled; of one that waits, when it goes. */
const timeOf = ({ settledAt, sendAt }: DeliveryView) => instant(settledAt ?? sendAt)

async function show({ envoyer, out }: Session, id: string): Promise<void> {
  const delivery = await envoyer.deliveries.get(id)
  out.result(delivery, () => lines(delivery))
}

function lines(delivery: DeliveryDetails): string[] {
  const { context, sensitive, message, receipt, failures, fallback } = delivery
  return [
    ...pairs(fieldsOf(delivery)),
    ...block(
      'context',
      sensitive ? { ...context, '…': `what is sensitive is ${sensitive}` } : context,
    ),
    ...Object.entries(message ?? {}).flatMap(([part, text]) => block(part, text)),
    ...(receipt ? block('receipt', receipt) : []),
    ...(fallback.length > 0 ? block('fallback', fallback) : []),
    ...failures.flatMap((failure) => {
      const { number, startedAt, tookMs, code, text, backend } = failure
      const by = backend === null ? '' : ` by ${backend}`
      return block(
        `failed try ${number}`,
        `${instant(startedAt)}${by}, ${duration(tookMs)}: ${code}: ${text}`,
      )
    }),
  ]
}

function fieldsOf(delivery: DeliveryDetails): Readonly<Record<string, string | null>> {
  const { id, status, event, channel, addressKey, users, locale, zone, attempts } = delivery
  return {
    ...{ id, status, event, channel, to: addressKey, users: users.join(', '), locale, zone },
    notification: delivery.notificationId,
    tries: String(attempts),
    code: delivery.errorCode,
    error: delivery.errorText,
    backend: delivery.backend,
    written: instant(delivery.createdAt),
    [delivery.settledAt ? 'went at' : 'goes at']:
      `${instant(delivery.sendAt)} (${delivery.reason})`,
    deadline: instant(delivery.deadlineAt),
    settled: instant(delivery.settledAt),
    erased: instant(delivery.erasedAt),
    'resend of': delivery.resendOf,
    'fallback of': delivery.fallbackOf,
    notes: delivery.notes.join(', '),
  }
}

function pairs(fields: Readonly<Record<string, string | null>>): string[] {
  const given = Object.entries(fields).filter(([, value]) => value !== null && value !== '')
  const width = Math.max(...given.map(([name]) => name.length))
  return given.map(([name, value]) => `${paint('bold', name.padEnd(width))}  ${visible(value!)}`)
}

function block(title: string, content: unknown): string[] {
  const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2)
  const indented = text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${visible(line)}`)
  return ['', paint('bold', title), ...indented]
}
