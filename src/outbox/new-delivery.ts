import type { Timing } from '../availability/timing.ts'
import type { Addressed } from '../recipient/addressed.ts'
import { createId } from './id.ts'

/** A message with the id under which it will be written, at once or in place of another. */
export interface Identified extends Readonly<Omit<Addressed, 'fallback'>> {
  readonly id: string
  readonly fallback: readonly Identified[]
}

/** A delivery as it is written. */
export interface NewDelivery extends Identified {
  /** `undefined`: at once. */
  readonly sendAt: Date | undefined
  readonly reason: Timing['reason']
}

const nowhere: readonly Identified[] = []

/** A message under a new id, as are its fallbacks. */
function identify(message: Addressed): Identified & { sendAt: undefined; reason: 'open' } {
  return {
    id: createId(),
    position: message.position,
    channel: message.channel,
    recipient: message.recipient,
    users: message.users,
    address: message.address,
    addressKey: message.addressKey,
    locale: message.locale,
    zone: message.zone,
    zoneUnknown: message.zoneUnknown,
    immediate: message.immediate,
    fallback: message.fallback.length === 0 ? nowhere : message.fallback.map(identify),
    sendAt: undefined,
    reason: 'open',
  }
}

/** Makes a delivery of a message: it gets its id, by which it may be spread, and its time. */
export function newDelivery(
  message: Addressed,
  schedule: (delivery: Identified) => Pick<NewDelivery, 'sendAt' | 'reason'>,
): NewDelivery {
  // One object, filled in: of a big call, copies are what costs.
  const made = identify(message)
  return Object.assign(made, schedule(made))
}
