import type { EmailMessage, Mail } from '../../channels/email/index.ts'
import { createOutgoing } from '../../src/testing/outgoing.ts'

/** An `Outgoing` of the e-mail channel, complete but for what the test is about. */
export function mailTo(address: string, over: Partial<Mail> = {}): Mail {
  const message: EmailMessage = { subject: 'Hello', text: 'Hello there' }
  const id = '0193f3a0-0000-7000-8000-000000000001'
  return createOutgoing({ id, channel: 'email', address, message, ...over })
}
