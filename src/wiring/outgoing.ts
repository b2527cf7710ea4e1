import type { Outgoing } from '../channel/backend.ts'
import type { Backends } from '../channel/backends.ts'
import type { Context } from '../deliver.ts'
import type { Json } from '../event/json.ts'
import type { AnyChannel } from '../option/infer.ts'
import type { Claimed } from '../outbox/claim.ts'
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
}

/** A claimed delivery as its backend gets it. */
export function toOutgoing(
  claimed: Claimed,
  { sealer, channel, context: { input, output }, ...parts }: OutgoingParts,
): Outgoing {
  const { id, notificationId, event, locale, zone, createdAt, address, recipient } = claimed
  const ofGroup = Array.isArray(recipient)
  const addresses = (ofGroup ? (address as readonly Json[]) : [address]).map((each) =>
    loadAddress(sealer, channel, each),
  )
  const recipients = [recipient].flat()
  return {
    ...{ id, notificationId, event, locale, zone, createdAt, addresses, recipients, input },
    ...parts,
    attempt: claimed.attempts - claimed.attemptsBefore,
    channel: claimed.channel,
    address: addresses[0],
    recipient: recipients[0]!,
    context: output,
  }
}
