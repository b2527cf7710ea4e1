import type { DeliveryStatus } from '../../../src/outbox/status.ts'
import { tickMs } from './time.ts'

/** What the outbox promises, as a few maps in memory. Times are milliseconds since the case began. */
export interface Model {
  now: number
  readonly notifications: Map<string, ModelNotification>
  readonly deliveries: Map<string, ModelDelivery>
  readonly buckets: Map<string, ModelBucket>
}

export interface ModelNotification {
  readonly id: string
  sealed: boolean
  /** Sensitive in part: once all is settled nothing can be sent again. */
  secret: 'none' | 'kept' | 'erased'
}

/** One message, and what does not change of it. */
export interface ModelMessage {
  readonly id: string
  readonly notification: string
  readonly resendOf: string | null
  readonly fallbackOf: string | null
  readonly lane: string
  readonly event: string
  readonly channel: string
  readonly urgent: boolean
  readonly addressKey: string
  readonly fallback: { readonly id: string; readonly channel: string } | undefined
}

export interface ModelDelivery extends ModelMessage {
  status: DeliveryStatus
  /** It was seen to be due. */
  inLine: boolean
  /** Its last worker was lost: it goes alone. */
  alone: boolean
  sendAt: number
  dueAt: number
  attempts: number
  claims: number
  attemptsBefore: number
  leaseUntil: number | null
  /** Failed tries written down. */
  tries: number
}

export interface ModelBucket {
  rate: { readonly perTick: number; readonly burst: number } | undefined
  tokens: number
  refilledAt: number
  blockedUntil: number
}

export const createModel = (): Model => ({
  now: 0,
  notifications: new Map(),
  deliveries: new Map(),
  buckets: new Map(),
})

export const isOpen = ({ status }: Pick<ModelDelivery, 'status'>) =>
  status === 'pending' || status === 'sending'

export function openOf(model: Model, notification: string): number {
  return [...model.deliveries.values()].filter(
    (each) => each.notification === notification && isOpen(each),
  ).length
}

export function isCompleted(model: Model, notification: string): boolean {
  return model.notifications.get(notification)!.sealed && openOf(model, notification) === 0
}

/** 0 urgent, 1 ordinary, 2 alone; `null` while it is not in line. */
export function turnOf({ inLine, alone, urgent }: ModelDelivery): number | null {
  if (!inLine) return null
  if (alone) return 2
  return urgent ? 0 : 1
}

/** Adds one that waits, but where its notification reaches the address over that channel anyway. */
export function addDelivery(model: Model, message: ModelMessage, sendAt: number): boolean {
  const { notification, channel, addressKey, resendOf } = message
  const twice = [...model.deliveries.values()].some(
    (each) =>
      each.notification === notification &&
      each.channel === channel &&
      each.addressKey === addressKey &&
      each.resendOf === null,
  )
  if (twice && resendOf === null) return false
  model.deliveries.set(message.id, {
    ...message,
    status: 'pending',
    inLine: sendAt <= model.now,
    alone: false,
    sendAt,
    dueAt: sendAt,
    attempts: 0,
    claims: 0,
    attemptsBefore: 0,
    leaseUntil: null,
    tries: 0,
  })
  return true
}

/** Runs a change; gives the notifications that it brought to their end, their secrets erased. */
export function completedBy(model: Model, change: () => void): string[] {
  const open = [...model.notifications.keys()].filter((id) => !isCompleted(model, id))
  change()
  const completed = open.filter((id) => isCompleted(model, id))
  for (const id of completed) {
    const notification = model.notifications.get(id)!
    if (notification.secret === 'kept') notification.secret = 'erased'
  }
  return completed
}

/** Whether there is still something to send of it. */
export function canBeSent(model: Model, { notification }: ModelDelivery): boolean {
  return model.notifications.get(notification)!.secret !== 'erased'
}

export function bucketOf(model: Model, name: string): ModelBucket {
  const fresh = { rate: undefined, tokens: 0, refilledAt: model.now, blockedUntil: 0 }
  const bucket = model.buckets.get(name) ?? fresh
  model.buckets.set(name, bucket)
  return bucket
}

export function isBlocked(model: Model, name: string): boolean {
  return (model.buckets.get(name)?.blockedUntil ?? 0) > model.now
}

/** Less than nothing where more went alone than was granted; any number without a rate. */
export function tokensOf(model: Model, bucket: ModelBucket | undefined): number {
  if (bucket?.rate === undefined) return Number.POSITIVE_INFINITY
  const ticks = (model.now - bucket.refilledAt) / tickMs
  return Math.min(bucket.rate.burst, bucket.tokens + ticks * bucket.rate.perTick)
}

export function takeTokens(model: Model, bucket: ModelBucket | undefined, count: number): void {
  if (bucket?.rate === undefined) return
  bucket.tokens = tokensOf(model, bucket) - count
  bucket.refilledAt = model.now
}
