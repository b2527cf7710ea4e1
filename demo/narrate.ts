import type { ShopEnvoyer } from './envoyer.ts'
import { type Sending, shownAddress } from './outcome.ts'
import { paint, say } from './terminal.ts'

interface About {
  readonly id: string
  readonly event: string
  readonly channel: string
}

/**
 * Tells of each delivery as it happens, by Envoyer's signals. They carry ids only, since addresses
 * stay in the database: the results of `send` know whom each id is for.
 */
export function narrate(envoyer: ShopEnvoyer, sendings: readonly Sending[]): void {
  const notifications = new Set(sendings.map(({ result }) => result.notificationId))
  const whom = new Map(
    sendings.flatMap(({ result }) =>
      result.deliveries.map(({ id, to }) => [id, shownAddress(to)] as const),
    ),
  )
  const tell = (sign: string, { id, event, channel }: About, note = '', reason = '') => {
    const to = whom.get(id)
    // What an interrupted run left behind is delivered too, without a word.
    if (to === undefined) return
    const shownNote = note === '' ? '' : paint('dim', `  (${note})`)
    say(`${sign} ${channel.padEnd(10)}  ${event.padEnd(14)}  → ${to}${shownNote}`)
    if (reason !== '') say(`    ${reason}`)
  }

  envoyer.on('delivery:sent', (signal) => {
    // The console has just said so itself.
    if (signal.channel === 'console') return
    tell(paint('green', '✓'), signal, signal.attempt > 1 ? `try ${signal.attempt}` : '')
  })
  envoyer.on('delivery:retrying', (signal) => {
    tell(paint('yellow', '↻'), signal, `again in ${signal.delayMs} ms`, signal.error.message)
  })
  envoyer.on('delivery:failed', (signal) => {
    tell(paint('red', '✗'), signal, 'given up for good', signal.error.message)
  })
  envoyer.on('delivery:queued', (signal) => {
    // Nobody calls `send` while the worker delivers: this is what follows a message given up.
    if (!notifications.has(signal.notificationId)) return
    whom.set(signal.id, signal.users.join(', '))
    tell(paint('yellow', '↪'), signal, 'instead, by `fallback`')
  })
}
