import type { Outgoing } from '../channel/backend.ts'
import type { Backends } from '../channel/backends.ts'
import type { Context } from '../deliver.ts'
import type { Json } from '../event/json.ts'
import type { AnyChannel } from '../option/infer.ts'
import { type Claimed, recipientsOf } from '../outbox/claimed.ts'
import type { Sealer } from '../secret/sealer.ts'
import { loadAddress } from './address.ts'

export interface OutgoingParts {
  readonly sealer: Sealer
  readonly channel: AnyChannel
  readonly context: Context
  readonly message: Record<string, string>
  readonly options: unknown
  readonly backends: Backends
  readonly signal: AbortSignal
  readonly startedAt: Date
  readonly traceparent: string | undefined
}

/** A claimed delivery as its backend gets it. */
export function toOutgoing(claimed: Claimed, parts: OutgoingParts): Outgoing {
  const { id, notificationId, event, locale, zone, createdAt, address, recipient } = claimed
  const { sealer, channel, message, options, backends, startedAt, signal, traceparent } = parts
  const { input, output } = parts.context
  const load = (each: Json) => loadAddress(sealer, channel, each)
  const ofGroup = Array.isArray(recipient)
  const addresses = ofGroup ? (address as readonly Json[]).map(load) : [load(address)]
  const recipients = recipientsOf(claimed)
  // In full: copying from other objects costs as much as the rest of a delivery.
  return {
    id,
    notificationId,
    attempt: claimed.attempts - claimed.attemptsBefore,
    event,
    channel: claimed.channel,
    address: addresses[0],
    addresses,
    message,
    options,
    context: output,
    input,
    recipient: recipients[0]!,
    recipients,
    locale,
    zone,
    createdAt,
    startedAt,
    backends,
    traceparent,
    signal,
  }
}
