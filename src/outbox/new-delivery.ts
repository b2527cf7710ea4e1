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

export function withIds(deliveries: readonly Addressed[]): Identified[] {
  return deliveries.map((delivery) => ({
    id: createId(),
    ...delivery,
    fallback: withIds(delivery.fallback),
  }))
}
