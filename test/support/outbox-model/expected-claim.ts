import { bucketOf, isBlocked, type Model, type ModelDelivery, tokensOf, turnOf } from './model.ts'

/** Where a claim looks on: behind what is of this lane and event and goes no later. */
export interface ModelPosition {
  readonly lane: string
  readonly event: string
  readonly sendAt: number
}

export interface Asked {
  readonly channel: string
  readonly events: readonly string[]
  readonly limit: number
  readonly ordinaryLimit: number
  readonly after: ModelPosition | null
  readonly afterUrgent: ModelPosition | null
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
  readonly next: ModelPosition | null
  readonly nextUrgent: ModelPosition | null
  readonly limited: boolean
}

const total = (shares: readonly Share[]) => shares.reduce((sum, { count }) => sum + count, 0)

export function inFlight(model: Model, channel: string): number {
  return [...model.deliveries.values()].filter(
    (each) => each.channel === channel && each.status === 'sending',
  ).length
}

const keyOf = ({ lane, event }: Pick<ModelPosition, 'lane' | 'event'>) => `${lane} ${event}`

export function isBehind(each: ModelPosition, position: ModelPosition | null): boolean {
  if (position === null || keyOf(each) > keyOf(position)) return true
  return keyOf(each) === keyOf(position) && each.sendAt > position.sendAt
}

/** Those of a channel in one place of the line, by lane and event. */
export function lineOf(model: Model, channel: string, turn: number): ModelDelivery[][] {
  const groups = new Map<string, ModelDelivery[]>()
  for (const each of model.deliveries.values()) {
    if (each.channel !== channel || turnOf(each) !== turn) continue
    const key = keyOf(each)
    groups.set(key, [...(groups.get(key) ?? []), each])
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group)
}

/** An equal share of the limit from each lane, the first lanes first. */
function shares(
  model: Model,
  { channel, events }: Asked,
  turn: number,
  after: ModelPosition | null,
  limit: number,
): { taken: Share[]; next: ModelPosition | null } {
  const line = lineOf(model, channel, turn)
    .map((group) => group.filter((each) => isBehind(each, after)))
    .filter((group) => group.length > 0)
  const mine = line.filter(
    ([first]) => events.includes(first!.event) && !isBlocked(model, `lane:${first!.lane}`),
  )
  const each = Math.ceil(limit / mine.length)
  const taken: Share[] = []
  for (const from of mine) {
    const count = Math.min(from.length, each, limit - total(taken))
    if (count > 0) taken.push({ from, count })
  }
  const last = taken.at(-1)?.from[0]
  if (last === undefined) return { taken, next: null }
  const next = { lane: last.lane, event: last.event, sendAt: Number.POSITIVE_INFINITY }
  const more = line.some(([first]) => isBehind(first!, next))
  return { taken, next: more ? next : null }
}

/** What a claim has to give, and the tokens that it takes. */
export function expectedClaim(model: Model, asked: Asked): ExpectedClaim {
  const blocked = asked.buckets.some((name) => isBlocked(model, name))
  const tokens = asked.buckets.map((name) => Math.floor(tokensOf(model, model.buckets.get(name))))
  const places = (asked.overall ?? Number.POSITIVE_INFINITY) - inFlight(model, asked.channel)
  const whole = Math.min(asked.limit, ...tokens, Math.max(0, places))
  const allowed = blocked ? 0 : Math.max(0, whole)
  const urgent = shares(model, asked, 0, asked.afterUrgent, allowed)
  const rest = Math.min(allowed - total(urgent.taken), asked.ordinaryLimit)
  const ordinary = shares(model, asked, 1, asked.after, rest)
  const count = total(urgent.taken) + total(ordinary.taken)
  return {
    urgent: urgent.taken,
    ordinary: ordinary.taken,
    next: ordinary.next,
    nextUrgent: urgent.next,
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
