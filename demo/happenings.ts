import { type Person, systems, teaRound } from './people.ts'

const hour = 3_600_000

/** What happens in the shop during one run: events' contexts as the application has them. */
export function happenings(now: Date) {
  const inTwoDays = new Date(now)
  inTwoDays.setUTCDate(now.getUTCDate() + 2)
  inTwoDays.setUTCHours(14, 0, 0, 0)
  // Seconds in base 36: every run of the demo has order numbers of its own.
  const number = Math.floor(now.getTime() / 1000)
    .toString(36)
    .toUpperCase()
  return {
    janesOrder: {
      orderId: `${number}-1`,
      items: [
        { name: 'Darjeeling First Flush, 100 g', quantity: 2, price: 14.9 },
        { name: 'Strainer & lid', quantity: 1, price: 8.5 },
      ],
      total: 38.3,
      currency: 'GBP',
      placedAt: now.toISOString(),
    },
    gretasOrder: {
      orderId: `${number}-2`,
      items: [{ name: 'Office box, 1 kg', quantity: 12, price: 98 }],
      total: 1176,
      currency: 'EUR',
      placedAt: now.toISOString(),
    },
    shipment: {
      orderId: `${number}-2`,
      parcels: 2,
      trackingUrl: `https://parcels.example/track/${number}2`,
      arrivesAt: inTwoDays.toISOString(),
    },
    arrival: {
      orderId: `${number}-2`,
      arrivesAt: new Date(now.getTime() + hour).toISOString(),
      trackingUrl: `https://parcels.example/track/${number}2`,
    },
    stockLeft: [
      { orderId: `${number}-1`, item: 'Darjeeling First Flush, 100 g', left: 38 },
      { orderId: `${number}-1`, item: 'Strainer & lid', left: 6 },
      { orderId: `${number}-2`, item: 'Office box, 1 kg', left: 0 },
    ],
    reset: {
      link: `https://harbour-tea.example/reset/${number}`,
      expiresAt: new Date(now.getTime() + hour).toISOString(),
    },
  }
}

export type Happenings = ReturnType<typeof happenings>

/** Everybody who is told of the shipment. */
export function toldOfShipment(receiverUrl: string): Person[] {
  return [...teaRound, ...systems(receiverUrl)]
}
