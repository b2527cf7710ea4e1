import { isCompleted, type Model, openOf, tokensOf, turnOf } from './model.ts'
import type { SeenBucket, Snapshot } from './snapshot.ts'
import { same } from './step.ts'
import { halfTicks } from './time.ts'

/** Compares all that the database holds with the model. */
export function checkAgreement(model: Model, snapshot: Snapshot): void {
  const notifications = new Map(snapshot.notifications.map((each) => [each.id, each]))
  same('number of notifications', notifications.size, model.notifications.size)
  for (const [id, { sealed, secret }] of model.notifications) {
    same(`notification ${id}`, notifications.get(id), {
      ...{ id, open: openOf(model, id), sealed },
      secret: secret === 'none' ? null : secret === 'kept' ? 'sealed' : 'erased',
      completed: isCompleted(model, id),
    })
  }
  const deliveries = new Map(snapshot.deliveries.map((each) => [each.id, each]))
  same('number of deliveries', deliveries.size, model.deliveries.size)
  for (const [id, delivery] of model.deliveries) {
    const seen = deliveries.get(id)
    same(`delivery ${id}`, seen && columns({ ...seen, tries: seen.tries.length }), {
      ...columns({ ...delivery, turn: turnOf(delivery) }),
    })
  }
  for (const bucket of snapshot.buckets) checkBucket(model, bucket)
}

/** What is compared of a delivery, in one order. */
function columns(delivery: {
  notification: string
  resendOf: string | null
  fallbackOf: string | null
  lane: string
  channel: string
  event: string
  addressKey: string
  urgent: boolean
  status: string
  turn: number | null
  attempts: number
  claims: number
  attemptsBefore: number
  tries: number
  sendAt: number
  dueAt: number
  leaseUntil: number | null
}) {
  const { notification, resendOf, fallbackOf, lane, channel, event, addressKey, urgent } = delivery
  const { status, turn, attempts, claims, attemptsBefore, tries } = delivery
  return {
    ...{ notification, resendOf, fallbackOf, lane, channel, event, addressKey, urgent },
    ...{ status, turn, attempts, claims, attemptsBefore, tries },
    sendAt: halfTicks(delivery.sendAt),
    dueAt: halfTicks(delivery.dueAt),
    leaseUntil: delivery.leaseUntil === null ? null : halfTicks(delivery.leaseUntil),
  }
}

function checkBucket(model: Model, { name, tokens, blockedUntil }: SeenBucket): void {
  const bucket = model.buckets.get(name)
  const expected = bucket?.rate ? tokensOf(model, bucket) : null
  // The real time of the case brings in a little too.
  const near =
    tokens === null || expected === null
      ? tokens === expected
      : tokens >= expected && tokens < expected + 0.4
  if (!near) same(`tokens of ${name}`, tokens, expected)
  const until = blockedUntil === null ? 0 : halfTicks(blockedUntil)
  same(`pause of ${name}`, until, halfTicks(bucket?.blockedUntil ?? 0))
}
