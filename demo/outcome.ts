import type { DeliveryDetails, SendResult } from '../src/index.ts'
import type { ShopEnvoyer } from './envoyer.ts'
import type { Person } from './people.ts'

/** One `send` of the demo, and whom it was for. */
export interface Sending {
  readonly event: string
  readonly recipients: readonly Person[]
  readonly result: SendResult
}

/** An address as it is shown: without the server's, which is another in each run. */
export function shownAddress(addressKey: string): string {
  return addressKey.replace(/^http:\/\/127\.0\.0\.1:\d+/, 'http://…')
}

/** All deliveries of these sends, in the order in which they were written. */
export async function readEnded(
  envoyer: ShopEnvoyer,
  sendings: readonly Sending[],
): Promise<DeliveryDetails[]> {
  const ended: DeliveryDetails[] = []
  for (const { result } of sendings) {
    const newestFirst = await envoyer.deliveries.list({ notificationId: result.notificationId })
    for (const { id } of newestFirst.reverse()) ended.push(await envoyer.deliveries.get(id))
  }
  return ended
}

/** Who got nothing over a channel, by reason. */
export interface SkippedGroup {
  readonly event: string
  readonly channel: string
  readonly reason: string
  readonly names: readonly string[]
}

export function groupSkipped(sendings: readonly Sending[]): SkippedGroup[] {
  const groups = new Map<string, SkippedGroup & { names: string[] }>()
  for (const { event, recipients, result } of sendings) {
    for (const { channel, reason, recipient } of result.skipped.first) {
      const key = `${event} ${channel} ${reason}`
      const group = groups.get(key) ?? { event, channel, reason, names: [] }
      group.names.push(recipients[recipient]!.name)
      groups.set(key, group)
    }
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group)
}
