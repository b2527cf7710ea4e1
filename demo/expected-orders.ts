import { type Expected, money, time } from './expectation.ts'
import type { Happenings } from './happenings.ts'

export function placed({ janesOrder, gretasOrder }: Happenings): Expected[] {
  const event = 'order-placed'
  const once = { event, status: 'sent', attempts: 1 } as const
  const pounds = money('en', 'GBP', 38.3)
  const euros = money('de', 'EUR', 1176)
  return [
    {
      ...once,
      channel: 'email',
      to: 'jane@bright.example',
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

export function shipped({ shipment }: Happenings, receiverUrl: string): Expected[] {
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
    mail('jane@bright.example', 'Jane', 'America/New_York'),
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
