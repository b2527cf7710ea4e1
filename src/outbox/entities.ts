import { EntitySchema } from 'typeorm'
import type { Timing } from '../availability/timing.ts'
import type { Json, JsonObject } from '../event/json.ts'
import type { Skipped } from '../recipient/skip.ts'
import { boolean, int, jsonb, named, orNull, text, time, uuid } from './columns.ts'
import type { StoredFallback } from './fallback.ts'
import { tallyEntity, taskEntity, workerEntity } from './operation-entities.ts'
import type { DeliveryStatus } from './status.ts'

/** Why a delivery goes when it goes: `retry` after a failed try, else what its windows say. */
export type WaitReason = Timing['reason'] | 'retry'

export interface NotificationRow {
  id: string
  event: string
  context: JsonObject
  /** Of the context what is encrypted; `erased` once all is settled. */
  secret: string | null
  options: JsonObject
  key: string | null
  keyHash: string | null
  skipped: Skipped
  /** Deliveries not yet settled. */
  open: number
  sealedAt: Date | null
  completedAt: Date | null
  createdAt: Date
}

export interface DeliveryRow {
  id: string
  notificationId: string
  resendOf: string | null
  /** The delivery whose giving up this one follows. */
  fallbackOf: string | null
  lane: string
  urgent: boolean
  event: string
  channel: string
  /** Of a delivery to a group, a list. */
  recipient: JsonObject | JsonObject[]
  users: string[]
  address: Json
  addressKey: string
  locale: string
  zone: string
  status: DeliveryStatus
  /** Its place in line: null while it is not due, else 0 urgent, 1 ordinary, 2 alone. */
  turn: number | null
  sendAt: Date
  /** Asked for, or the pause after a try: the windows are looked at from here. */
  notBefore: Date | null
  deadlineAt: Date | null
  /** The windows are passed by. */
  immediate: boolean
  /** The recipient's own zone is none that was known. */
  zoneUnknown: boolean
  /** Why it goes at `sendAt`, where that is not at once. */
  reason: WaitReason | null
  /** When it first became due; retry policies count from here. */
  dueAt: Date
  /** Tries, the one under way included. */
  attempts: number
  /** How often it was claimed: the fence of a claim. */
  claims: number
  /** The value of `attempts` from which retry policies count: a manual retry starts anew. */
  attemptsBefore: number
  leaseUntil: Date | null
  backend: string | null
  errorCode: string | null
  errorText: string | null
  receipt: JsonObject | null
  message: Record<string, string> | null
  /** Where it goes once it has been given up. */
  fallback: readonly StoredFallback[] | null
  createdAt: Date
  settledAt: Date | null
  /** When the person it was for was taken out of it. */
  erasedAt: Date | null
}

export interface AttemptRow {
  deliveryId: string
  number: number
  backend: string | null
  startedAt: Date
  tookMs: number
  code: string
  text: string
  request: Json
  response: Json
}

export interface SettingRow {
  key: string
  value: Json
  updatedAt: Date
}

export interface TemplateRow {
  event: string
  channel: string
  part: string
  locale: string
  body: string
  updatedAt: Date
}

export interface BucketRow {
  name: string
  perSecond: number | null
  capacity: number | null
  tokens: number | null
  refilledAt: Date
  blockedUntil: Date | null
  /** Of a backend: failures in a row. */
  failures: number
}

export const notificationEntity = new EntitySchema<NotificationRow>({
  name: 'notification',
  columns: {
    id: { ...uuid, primary: true },
    event: text,
    context: jsonb,
    secret: orNull(text),
    options: jsonb,
    key: orNull(text),
    keyHash: named(orNull(text), 'key_hash'),
    skipped: jsonb,
    open: int,
    sealedAt: named(orNull(time), 'sealed_at'),
    completedAt: named(orNull(time), 'completed_at'),
    createdAt: named(time, 'created_at'),
  },
})

export const deliveryEntity = new EntitySchema<DeliveryRow>({
  name: 'delivery',
  columns: {
    id: { ...uuid, primary: true },
    notificationId: named(uuid, 'notification_id'),
    resendOf: named(orNull(uuid), 'resend_of'),
    fallbackOf: named(orNull(uuid), 'fallback_of'),
    lane: uuid,
    urgent: boolean,
    event: text,
    channel: text,
    recipient: jsonb,
    users: { type: 'text', array: true },
    address: jsonb,
    addressKey: named(text, 'address_key'),
    locale: text,
    zone: text,
    status: text,
    turn: orNull({ type: 'smallint' } as const),
    sendAt: named(time, 'send_at'),
    notBefore: named(orNull(time), 'not_before'),
    deadlineAt: named(orNull(time), 'deadline_at'),
    immediate: { ...boolean, default: false },
    zoneUnknown: { ...boolean, default: false, name: 'zone_unknown' },
    reason: orNull(text),
    dueAt: named(time, 'due_at'),
    attempts: int,
    claims: { ...int, default: 0 },
    attemptsBefore: named(int, 'attempts_before'),
    leaseUntil: named(orNull(time), 'lease_until'),
    backend: orNull(text),
    errorCode: named(orNull(text), 'error_code'),
    errorText: named(orNull(text), 'error_text'),
    receipt: orNull(jsonb),
    message: orNull(jsonb),
    fallback: orNull(jsonb),
    createdAt: named(time, 'created_at'),
    settledAt: named(orNull(time), 'settled_at'),
    erasedAt: named(orNull(time), 'erased_at'),
  },
})

export const attemptEntity = new EntitySchema<AttemptRow>({
  name: 'attempt',
  columns: {
    deliveryId: { ...uuid, name: 'delivery_id', primary: true },
    number: { ...int, primary: true },
    backend: orNull(text),
    startedAt: named(time, 'started_at'),
    tookMs: named(int, 'took_ms'),
    code: text,
    text,
    request: orNull(jsonb),
    response: orNull(jsonb),
  },
})

export const settingEntity = new EntitySchema<SettingRow>({
  name: 'setting',
  columns: {
    key: { ...text, primary: true },
    value: jsonb,
    updatedAt: named(time, 'updated_at'),
  },
})

export const templateEntity = new EntitySchema<TemplateRow>({
  name: 'template',
  columns: {
    event: { ...text, primary: true },
    channel: { ...text, primary: true },
    part: { ...text, primary: true },
    locale: { ...text, primary: true },
    body: text,
    updatedAt: named(time, 'updated_at'),
  },
})

export const bucketEntity = new EntitySchema<BucketRow>({
  name: 'bucket',
  columns: {
    name: { ...text, primary: true },
    perSecond: named(orNull({ type: 'double precision' } as const), 'per_second'),
    capacity: orNull({ type: 'double precision' } as const),
    tokens: orNull({ type: 'double precision' } as const),
    refilledAt: named(time, 'refilled_at'),
    blockedUntil: named(orNull(time), 'blocked_until'),
    failures: { type: 'int', default: 0 },
  },
})

export const entities = [
  notificationEntity,
  deliveryEntity,
  attemptEntity,
  settingEntity,
  templateEntity,
  bucketEntity,
  workerEntity,
  taskEntity,
  tallyEntity,
]
