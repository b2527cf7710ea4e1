import { type Expected, time } from './expectation.ts'
import { placed, shipped } from './expected-orders.ts'
import type { Happenings } from './happenings.ts'

/** One SMS in each language, and a mail to her whose number gets none. */
function arriving({ arrival: { arrivesAt, orderId } }: Happenings): Expected[] {
  const event = 'order-arriving'
  const sent = { event, status: 'sent', attempts: 1 } as const
  const sms = { ...sent, channel: 'sms' }
  const [inLondon, inVienna] = ['Europe/London', 'Europe/Vienna'].map((zone) =>
    time('en-GB', zone, arrivesAt),
  )
  const inNewYork = time('en', 'America/New_York', arrivesAt)
  return [
    {
      ...sms,
      to: '+491713920012',
      locale: 'de',
      sms: { segments: 2, says: [`Bestellung ${orderId} kommt gegen ${inVienna} Uhr`] },
    },
    {
      ...sms,
      to: '+447700900123',
      locale: 'en',
      sms: { segments: 1, says: [`order ${orderId} arrives about ${inLondon}.`] },
    },
    { ...sms, to: '+12125550147', locale: 'en', status: 'failed', code: 'twilio-21614' },
    {
      ...sent,
      channel: 'email',
      to: 'jane@bright.example',
      locale: 'en',
      instead: true,
      mail: {
        subject: `Your tea arrives about ${inNewYork} (${orderId})`,
        says: ['Hello Jane,', inNewYork],
      },
    },
  ]
}

function reset({ reset: { expiresAt } }: Happenings): Expected {
  return {
    event: 'password-reset',
    channel: 'email',
    to: 'greta@post.example',
    locale: 'de',
    status: 'sent',
    attempts: 1,
    mail: {
      subject: 'Neues Passwort festlegen',
      says: ['Hallo Greta,', time('de', 'Europe/Vienna', expiresAt)],
    },
  }
}

/** Every delivery of one run. */
export function expectedDeliveries(happened: Happenings, receiverUrl: string): Expected[] {
  const stock: Expected = {
    event: 'stock-changed',
    channel: 'postoffice',
    to: 'stock',
    locale: 'en',
    status: 'sent',
    attempts: 1,
  }
  return [
    ...placed(happened),
    ...happened.stockLeft.map(() => stock),
    ...shipped(happened, receiverUrl),
    ...arriving(happened),
    reset(happened),
  ]
}

/** Who gets nothing, and why: `event, channel, reason: names`. */
export const expectedSkips: readonly string[] = [
  'order-shipped, email, duplicate-address: Tom',
  'order-shipped, email, no-address: Phil, Warehouse, Accounts',
  'order-shipped, webhook, no-address: Jane, Greta, Kenji, Lena, Tom, Phil, Otto',
]
