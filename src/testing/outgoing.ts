import type { Outgoing } from '../channel/backend.ts'
import { createId } from '../outbox/id.ts'

/** What a test of a backend says of a message; all else has a value already. */
export type OutgoingParts<Address, Message, Options> = Partial<
  Outgoing<Address, Message, Options>
> & {
  readonly address: Address
  readonly message: Message
}

/**
 * A message as a worker hands it to a backend, for tests of backends. Each has an id of its own.
 *
 * ```ts
 * await backend.send(createOutgoing({ address: '#ops', message: { text: 'Disk full' } }))
 * ```
 */
export function createOutgoing<Address, Message, Options = Record<never, never>>(
  parts: OutgoingParts<Address, Message, Options>,
): Outgoing<Address, Message, Options> {
  return {
    id: createId(),
    notificationId: createId(),
    attempt: 1,
    event: 'order-shipped',
    channel: 'test',
    addresses: [parts.address],
    options: {} as Options,
    context: {},
    input: {},
    recipient: {},
    recipients: [parts.recipient ?? {}],
    locale: 'en',
    zone: 'UTC',
    createdAt: new Date(),
    startedAt: new Date(),
    signal: new AbortController().signal,
    ...parts,
  }
}
