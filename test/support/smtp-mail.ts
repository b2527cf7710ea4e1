import type { EmailMessage, Mail } from '../../channels/email/index.ts'

/** An `Outgoing` of the e-mail channel, complete but for what the test is about. */
export function mailTo(address: string, over: Partial<Mail> = {}): Mail {
  const message: EmailMessage = { subject: 'Hello', text: 'Hello there' }
  return {
    id: '0193f3a0-0000-7000-8000-000000000001',
    notificationId: '0193f3a0-0000-7000-8000-000000000000',
    attempt: 1,
    event: 'order-shipped',
    channel: 'email',
    address,
    message,
    options: {},
    context: {},
    input: {},
    recipient: {},
    locale: 'en',
    zone: 'UTC',
    createdAt: new Date(),
    signal: new AbortController().signal,
    ...over,
  }
}
