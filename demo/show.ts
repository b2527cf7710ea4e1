import type { DeliveryDetails } from '../src/index.ts'
import { type SkippedGroup, shownAddress } from './outcome.ts'
import { table } from './table.ts'
import { paint, say } from './terminal.ts'

/** Codes tell programs why; the texts beside them are for people, and long. */
function endOf({ status, failures, fallbackOf }: DeliveryDetails): string {
  const codes = failures.map(({ code }) => code).join(', ')
  if (status !== 'sent') return `${status}: ${codes}`
  if (fallbackOf !== null) return 'sent, as fallback'
  return codes === '' ? 'sent' : `${codes}, then sent`
}

export function showDeliveries(deliveries: readonly DeliveryDetails[]): void {
  const head = ['event', 'channel', 'address', 'locale', 'how it ended']
  const rows = deliveries.map((delivery) => [
    delivery.event,
    delivery.channel,
    shownAddress(delivery.addressKey),
    delivery.locale,
    endOf(delivery),
  ])
  say(...table(head, rows))
}

export function showSkipped(skipped: readonly SkippedGroup[]): void {
  for (const event of new Set(skipped.map((group) => group.event))) {
    say('', `Who got no ${event} over a channel; nothing is skipped in silence:`, '')
    const rows = skipped
      .filter((group) => group.event === event)
      .map(({ channel, reason, names }) => [channel, reason, names.join(', ')])
    say(...table(['channel', 'reason', 'recipients'], rows))
  }
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
