import type { Ended, SkippedGroup } from './outcome.ts'
import type { ArrivedMail } from './stand-ins/mail-server.ts'
import type { ArrivedWebhook } from './stand-ins/webhook-receiver.ts'
import { table } from './table.ts'
import { paint, say } from './terminal.ts'

export function showMails(mails: readonly ArrivedMail[], folder: string): void {
  if (mails.length === 0) {
    say('No mails.')
    return
  }
  say(`${mails.length} mails, read back from the mail server (pages for your browser: ${folder}/)`)
  say('')
  const width = Math.max(...mails.map(({ to }) => to.length))
  for (const { to, subject } of mails) say(`  ${to.padEnd(width)}  ${subject}`)
  say('', 'The same parcel, in the words and at the time of each recipient:', '')
  for (const { to, text } of mails) {
    const arrival = text.split('\n').find((line) => /your time|Ihrer Zeit/.test(line))
    if (arrival !== undefined) say(`  ${to.padEnd(width)}  ${arrival}`)
  }
}

export function showWebhooks(requests: readonly ArrivedWebhook[]): void {
  say('', 'Webhooks, as the receiver saw them:', '')
  for (const { path, status, verifiedId } of requests) {
    const signature = verifiedId === undefined ? 'signature refused' : 'signature verified'
    say(`  POST ${path.padEnd(10)}  ${signature}, answered ${status}`)
  }
}

/** Codes tell programs why; the texts beside them are for people, and long. */
function reasonOf({ failure, status }: Ended): string {
  if (failure === undefined) return ''
  return status === 'sent' ? `${failure.code}, then sent` : failure.code
}

export function showDeliveries(deliveries: readonly Ended[]): void {
  const head = ['event', 'channel', 'address', 'locale', 'status', 'attempts', 'reason']
  const rows = deliveries.map((delivery) => [
    delivery.event,
    delivery.channel,
    delivery.addressKey,
    delivery.locale,
    delivery.status,
    String(delivery.attempts),
    reasonOf(delivery),
  ])
  say(...table(head, rows))
}

export function showSkipped(skipped: readonly SkippedGroup[]): void {
  say('', 'And who got nothing over a channel, for nothing is skipped in silence:', '')
  const rows = skipped.map(({ event, channel, reason, names }) => [
    event,
    channel,
    reason,
    names.join(', '),
  ])
  say(...table(['event', 'channel', 'reason', 'recipients'], rows))
}

/** The last words, and whether all is well. */
export function conclude(count: number, problems: readonly string[]): boolean {
  if (problems.length > 0) {
    say(paint('red', 'Not everything ended as it should:'), '')
    for (const problem of problems) say(`  ✗ ${problem}`)
    return false
  }
  say(paint('green', `✓ All ${count} deliveries ended as they should.`), '')
  say(
    'Look next:',
    '  demo/main.ts              the calls that made this, from top to bottom',
    '  demo/envoyer.ts           the configuration: events, channels, backends',
    '  templates/                change a text, then run the demo again',
    '  docs/guides/templates.md  languages, dates, money, layouts',
  )
  return true
}
