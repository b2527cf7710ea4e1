import type { ShopEnvoyer } from './envoyer.ts'
import type { Sending } from './outcome.ts'
import { paint, say } from './terminal.ts'

/**
 * Tells of each delivery as it happens, by Envoyer's signals. They carry ids only, since addresses
 * stay in the database: the results of `send` know whom each id is for.
 */
export function narrate(envoyer: ShopEnvoyer, sendings: readonly Sending[]): void {
  const addresses = new Map(
    sendings.flatMap(({ result }) => result.deliveries.map(({ id, to }) => [id, to] as const)),
  )
  const about = (signal: { id: string; event: string; channel: string }) =>
    `${signal.channel.padEnd(7)}  ${signal.event.padEnd(14)}  → ${addresses.get(signal.id)}`
  // What an interrupted run left behind is delivered too, without a word.
  const ours = ({ id }: { id: string }) => addresses.has(id)

  envoyer.on('delivery:sent', (signal) => {
    // The console has just said so itself.
    if (!ours(signal) || signal.channel === 'console') return
    const again = signal.attempt > 1 ? paint('dim', `  (try ${signal.attempt})`) : ''
    say(`${paint('green', '✓')} ${about(signal)}${again}`)
  })
  envoyer.on('delivery:retrying', (signal) => {
    if (!ours(signal)) return
    say(`${paint('yellow', '↻')} ${about(signal)}`)
    say(`    ${signal.error.message.replace(/\.$/, '')}: tried again in ${signal.delayMs} ms`)
  })
  envoyer.on('delivery:failed', (signal) => {
    if (!ours(signal)) return
    say(`${paint('red', '✗')} ${about(signal)}`)
    say(`    ${signal.error.message.replace(/\.$/, '')}: given up for good`)
  })
}
