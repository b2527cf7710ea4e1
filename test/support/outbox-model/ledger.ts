import { isDeepStrictEqual } from 'node:util'
import type { Rate } from '../../../src/channel/channel.ts'
import type { Grip } from '../outbox.ts'
import { tickMs } from './time.ts'

interface Flow {
  /** When, by the clock of the case. */
  readonly at: number
  /** Within the rate; beyond it, if need be, since it goes alone; and given back. */
  readonly granted: number
  readonly alone: number
  readonly returned: number
}

/** What the workers were told: it has to fit together whatever the order in which they were. */
export interface Ledger {
  /** `by`: the mark of who has them. */
  claimed(grips: readonly Grip[], by: number): void
  /** Claims that the database knows nothing of. */
  forgot(grips: readonly Grip[], by: number): void
  sent(ids: readonly string[]): void
  /** Refused or put off, under its claim. */
  ended(grips: readonly Grip[]): void
  completed(notifications: readonly string[]): void
  /** By a retry, or one sent once more. */
  reopened(notification: string): void
  retried(id: string): void
  /** A new rate, from which on what flows is counted. */
  rated(channel: string, rate: Rate | undefined): void
  flowed(channel: string, flow: Partial<Flow> & Pick<Flow, 'at'>): void
  /** How many claims of a delivery were forgotten. */
  forgotten(id: string): number
  wasSent(id: string): boolean
  wasRetried(id: string): boolean
  /** Throws where a rate was exceeded, or a notification completed more often than reopened. */
  check(): void
}

export function createLedger(): Ledger {
  const fences = new Set<string>()
  /** By fence, who believes to have it. */
  const believed = new Map<string, number>()
  const forgotten = new Map<string, number>()
  const ends = new Set<string>()
  const sent = new Set<string>()
  const retried = new Set<string>()
  const ended = new Map<string, number>()
  const rates = new Map<string, { rate: Rate | undefined; flows: Flow[] }>()
  const once = (set: Set<string>, key: string, what: string) => {
    if (set.has(key)) throw new Error(`${key} was ${what} twice`)
    set.add(key)
  }
  const fence = ({ id, claims }: Grip) => `${id}, claim ${claims},`
  const balance = (id: string, by: number) => {
    ended.set(id, (ended.get(id) ?? 0) + by)
  }
  return {
    claimed: (grips, by) => {
      for (const grip of grips) {
        once(fences, fence(grip), 'handed out')
        const other = believed.get(fence(grip)) ?? by
        if (other !== by)
          throw new Error(`${fence(grip)} is worker ${other}'s, too, as it believes`)
      }
    },
    forgot: (grips, by) => {
      for (const grip of grips) {
        believed.set(fence(grip), by)
        forgotten.set(grip.id, (forgotten.get(grip.id) ?? 0) + 1)
      }
    },
    sent: (ids) => {
      for (const id of ids) once(sent, id, 'sent')
    },
    ended: (grips) => {
      for (const grip of grips) once(ends, fence(grip), 'ended')
    },
    completed: (notifications) => {
      for (const id of notifications) balance(id, 1)
    },
    reopened: (notification) => balance(notification, -1),
    retried: (id) => {
      retried.add(id)
    },
    rated: (channel, rate) => {
      const before = rates.get(channel)?.rate
      if (before && rate && isDeepStrictEqual(before, rate)) return
      rates.set(channel, { rate, flows: [] })
    },
    flowed: (channel, flow) => {
      rates.get(channel)?.flows.push({ granted: 0, alone: 0, returned: 0, ...flow })
    },
    forgotten: (id) => forgotten.get(id) ?? 0,
    wasSent: (id) => sent.has(id),
    wasRetried: (id) => retried.has(id),
    check: () => {
      for (const [id, times] of ended) {
        if (times > 1) throw new Error(`notification ${id} was completed twice`)
      }
      for (const [channel, { rate, flows }] of rates) if (rate) checkSpans(channel, rate, flows)
    },
  }
}

/**
 * Over any span of time that ends with a grant, all that went out is within the burst and what came
 * in meanwhile: what went alone too, since its debt is paid before anything is granted.
 */
function checkSpans(channel: string, rate: Rate, flows: readonly Flow[]): void {
  const instants = new Map<number, Flow>()
  for (const flow of flows) {
    const { granted, alone, returned } = instants.get(flow.at) ?? { ...flow, ...none }
    instants.set(flow.at, {
      at: flow.at,
      granted: granted + flow.granted,
      alone: alone + flow.alone,
      returned: returned + flow.returned,
    })
  }
  const all = [...instants.values()].sort((a, b) => a.at - b.at)
  all.forEach((last, end) => {
    if (last.granted === 0) return
    let out = last.granted - last.returned
    for (let start = end; start >= 0; start -= 1) {
      const first = all[start]!
      if (start < end) out += first.granted + first.alone - first.returned
      const span = (last.at - first.at) / tickMs
      const bound = (rate.burst ?? 1) + rate.perSecond * ((last.at - first.at) / 1000)
      // The real time of the case brings in a little too.
      if (out <= bound + 0.5) continue
      throw new Error(`channel ${channel}: ${out} went out within ${span} ticks, over ${bound}`)
    }
  })
}

const none = { granted: 0, alone: 0, returned: 0 }
