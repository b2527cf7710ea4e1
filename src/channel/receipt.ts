import type { Json } from '../event/json.ts'

/** An address of a group that got nothing. */
export type Refused = {
  /** As its address type's `key` gives it. */
  readonly address: string
  readonly code: string
  readonly text: string
}

/** What a provider answered. Kept with the delivery, so it must be JSON and hold no secrets. */
export interface Receipt {
  /** The provider's own id of the message. */
  readonly id?: string
  /** Of a group: addresses that the provider did not take, while it took others. */
  readonly refused?: readonly Refused[]
  readonly [detail: string]: Json | undefined
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * What a backend answered, made a receipt. The message is sent: whatever is wrong with the answer
 * must not have it sent again.
 */
export function readReceipt(answer: unknown): Receipt {
  if (!isObject(answer)) return {}
  const { refused, ...rest } = answer as Receipt
  const list = Array.isArray(refused) ? (refused as readonly unknown[]).filter(isObject) : []
  return list.length > 0 ? { ...rest, refused: list as readonly Refused[] } : rest
}
