import type { Happenings } from './happenings.ts'

/** How one delivery should end. */
export interface Expected {
  readonly event: string
  readonly channel: string
  readonly to: string
  readonly locale: string
  readonly status: 'sent' | 'failed'
  readonly attempts: number
  /** Code of the last failed try. */
  readonly code?: string
  /** For e-mails that are sent: the subject, and what both html and text say. */
  readonly mail?: { readonly subject: string; readonly says: readonly string[] }
}

function time(locale: string, timeZone: string, instant: string): string {
  return new Intl.DateTimeFormat(locale, { timeStyle: 'short', timeZone }).format(new Date(instant))
}

function money(locale: string, currency: string, amount: number): string {
  return new Intl.NumberFormat(locale, { style: 'currency', currency }).format(amount)
}

function placed({ janesOrder, gretasOrder }: Happenings): Expected[] {
  const event = 'order-placed'
  const once = { event, status: 'sent', attempts: 1 } as const
  const pounds = money('en', 'GBP', 38.3)
  const euros = money('de', 'EUR', 1176)
  return [
    {
      ...once,
      channel: 'email',
      to: 'jane@brightmail.example',
      locale: 'en',
      mail: {
        subject: `Your order ${janesOrder.orderId}: ${pounds}`,
        says: ['Thank you, Jane!', pounds, time('en', 'America/New_York', janesOrder.placedAt)],
      },
    },
    { ...once, channel: 'console', to: 'jane', locale: 'en' },
    {
      ...once,
      channel: 'email',
      to: 'greta@post.example',
      locale: 'de',
      mail: {
        subject: `Ihre Bestellung ${gretasOrder.orderId}: ${euros}`,
        says: ['Danke, Greta!', euros, time('de', 'Europe/Vienna', gretasOrder.placedAt)],
      },
    },
    // The packing list is for the shop itself, in its own language.
    { ...once, channel: 'console', to: 'greta', locale: 'en' },
  ]
}

function shipped({ shipment }: Happenings, receiverUrl: string): Expected[] {
  const event = 'order-shipped'
  const { arrivesAt, orderId } = shipment
  const mail = (to: string, name: string, zone: string): Expected => ({
    event,
    channel: 'email',
    to,
    locale: 'en',
    status: 'sent',
    attempts: 1,
    mail: {
      subject: `Your tea is on its way (${orderId})`,
      says: [`Hello ${name},`, '2 parcels', time('en', zone, arrivesAt)],
    },
  })
  const german = {
    subject: `Ihr Tee ist unterwegs (${orderId})`,
    says: ['Hallo Greta,', '2 Paketen', time('de', 'Europe/Vienna', arrivesAt)],
  }
  const webhook = { event, channel: 'webhook', locale: 'en', status: 'sent' } as const
  return [
    mail('jane@brightmail.example', 'Jane', 'America/New_York'),
    { ...mail('greta@post.example', 'Greta', 'Europe/Vienna'), locale: 'de', mail: german },
    mail('kenji@mail.example', 'Kenji', 'Asia/Tokyo'),
    mail('lena@work.example', 'Lena', 'Europe/London'),
    mail('family@home.example', 'Lena', 'Europe/London'),
    {
      event,
      channel: 'email',
      to: 'otto@closed.example',
      locale: 'en',
      status: 'failed',
      attempts: 1,
      code: 'smtp-550',
    },
    { ...webhook, to: `${receiverUrl}/warehouse`, attempts: 2, code: 'http-503' },
    { ...webhook, to: `${receiverUrl}/accounts`, attempts: 1 },
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
  return [...placed(happened), ...shipped(happened, receiverUrl), reset(happened)]
}

/** Who gets nothing, and why: `event, channel, reason: names`. */
export const expectedSkips: readonly string[] = [
  'order-shipped, email, duplicate-address: Tom',
  'order-shipped, email, no-address: Phil, Warehouse, Accounts',
  'order-shipped, webhook, no-address: Jane, Greta, Kenji, Lena, Tom, Phil, Otto',
]
