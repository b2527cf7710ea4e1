import type { EmailMessage, Mail } from '../../channels/email/index.ts'
import { createOutgoing } from '../../src/testing/outgoing.ts'

/** An `Outgoing` of the e-mail channel, complete but for what the test is about. */
export function mailTo(address: string, over: Partial<Mail> = {}): Mail {
  const message: EmailMessage = { subject: 'Hello', text: 'Hello there' }
  return createOutgoing({ channel: 'email', address, message, ...over })
}
