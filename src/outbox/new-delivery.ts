import type { Addressed } from '../recipient/addressed.ts'
import { createId } from './id.ts'

/** A delivery as it is written. */
export interface NewDelivery extends Readonly<Omit<Addressed, 'fallback'>> {
  readonly id: string
  readonly fallback: readonly NewDelivery[]
}

export function withIds(deliveries: readonly Addressed[]): NewDelivery[] {
  return deliveries.map((delivery) => ({
    id: createId(),
    ...delivery,
    fallback: withIds(delivery.fallback),
  }))
}
