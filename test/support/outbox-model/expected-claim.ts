import { bucketOf, isBlocked, type Model, type ModelDelivery, tokensOf, turnOf } from './model.ts'

export interface Asked {
  readonly channel: string
  readonly events: readonly string[]
  readonly limit: number
  readonly ordinaryLimit: number
  readonly afterLane: string | null
  readonly afterUrgentLane: string | null
  readonly overall?: number | undefined
  readonly buckets: readonly string[]
}

/** From one lane and event, so many of the first of these. */
export interface Share {
  readonly from: readonly ModelDelivery[]
  readonly count: number
}

export interface ExpectedClaim {
  readonly urgent: readonly Share[]
  readonly ordinary: readonly Share[]
  readonly nextLane: string | null
  readonly nextUrgentLane: string | null
  readonly limited: boolean
}

const total = (shares: readonly Share[]) => shares.reduce((sum, { count }) => sum + count, 0)

export function inFlight(model: Model, channel: string): number {
  return [...model.deliveries.values()].filter(
    (each) => each.channel === channel && each.status === 'sending',
  ).length
}

/** Those of a channel in one place of the line, by lane and event. */
export function lineOf(model: Model, channel: string, turn: number): ModelDelivery[][] {
  const groups = new Map<string, ModelDelivery[]>()
  for (const each of model.deliveries.values()) {
    if (each.channel !== channel || turnOf(each) !== turn) continue
    const key = `${each.lane} ${each.event}`
    groups.set(key, [...(groups.get(key) ?? []), each])
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group)
}

/** An equal share of the limit from each lane, the first lanes first. */
function shares(
  model: Model,
  { channel, events }: Asked,
  turn: number,
  after: string | null,
  limit: number,
): { taken: Share[]; next: string | null } {
  const line = lineOf(model, channel, turn).filter(
    ([first]) => after === null || first!.lane > after,
  )
  const mine = line.filter(
    ([first]) => events.includes(first!.event) && !isBlocked(model, `lane:${first!.lane}`),
  )
  const each = Math.ceil(limit / mine.length)
  const taken: Share[] = []
  for (const from of mine) {
    const count = Math.min(from.length, each, limit - total(taken))
    if (count > 0) taken.push({ from, count })
  }
  const last = taken.at(-1)?.from[0]?.lane
  const more = last !== undefined && line.some(([first]) => first!.lane > last)
  return { taken, next: more ? last : null }
}

/** What a claim has to give, and the tokens that it takes. */
export function expectedClaim(model: Model, asked: Asked): ExpectedClaim {
  const blocked = asked.buckets.some((name) => isBlocked(model, name))
  const tokens = asked.buckets.map((name) => Math.floor(tokensOf(model, model.buckets.get(name))))
  const places = (asked.overall ?? Number.POSITIVE_INFINITY) - inFlight(model, asked.channel)
  const whole = Math.min(asked.limit, ...tokens, Math.max(0, places))
  const allowed = blocked ? 0 : Math.max(0, whole)
  const urgent = shares(model, asked, 0, asked.afterUrgentLane, allowed)
  const rest = Math.min(allowed - total(urgent.taken), asked.ordinaryLimit)
  const ordinary = shares(model, asked, 1, asked.afterLane, rest)
  const count = total(urgent.taken) + total(ordinary.taken)
  return {
    urgent: urgent.taken,
    ordinary: ordinary.taken,
    nextLane: ordinary.next,
    nextUrgentLane: urgent.next,
    limited: blocked || (whole < asked.limit && whole <= count),
  }
}

/** What goes alone next. */
export function expectedAlone(
  model: Model,
  asked: Pick<Asked, 'channel' | 'events' | 'overall' | 'buckets'>,
): readonly ModelDelivery[] {
  const { channel, events, overall, buckets } = asked
  if (overall !== undefined && inFlight(model, channel) >= overall) return []
  if (buckets.some((name) => isBlocked(model, name))) return []
  const first = lineOf(model, channel, 2).find(
    ([each]) => events.includes(each!.event) && !isBlocked(model, `lane:${each!.lane}`),
  )
  const soonest = Math.min(...(first ?? []).map(({ sendAt }) => sendAt))
  return (first ?? []).filter(({ sendAt }) => sendAt === soonest)
}

export const ratedBuckets = (model: Model, names: readonly string[]) =>
  names.filter((name) => model.buckets.has(name)).map((name) => bucketOf(model, name))
