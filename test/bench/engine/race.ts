/** All contestants beside each other: rates, processor time, memory, and latency when idle. */
import PostalMime from 'postal-mime'
import type { Channel, Effort } from '../baseline/common.ts'
import {
  arrivals,
  type Bench,
  type Latency,
  latency,
  type Spread,
  spread,
  withPostgres,
} from './bench.ts'
import { type Name, names, type Running, start } from './contestants.ts'

export interface Figures {
  readonly messagesPerSecond: Spread
  readonly cpuSecondsPer10000: Spread
  readonly peakMemoryBytes: number
  /** Of single messages on an idle system; with --quick of two contestants only. */
  readonly latencyMs: Latency | undefined
}
export type Race = Readonly<Record<Name, Figures>>

interface Plan {
  readonly warmUp: number
  readonly count: number
  readonly rounds: number
  /** No further round is begun after that. */
  readonly roundsMs: number
  readonly singles: number
  readonly singlesOf: readonly Name[]
}

/** Singles go in turns of so many, and wait so long between each other. */
const singlesAtOnce = 25
const pauseMs = 8

function planOf(channel: Channel, quick: boolean): Plan {
  const mail = channel === 'email'
  const of = { warmUp: mail ? 1000 : 4000, count: mail ? 5000 : 20_000 }
  return quick
    ? {
        ...{ ...of, count: of.count * 0.3, rounds: 3, roundsMs: 20_000 },
        ...{ singles: 200, singlesOf: ['envoyer', 'ordinary'] },
      }
    : {
        ...{ ...of, rounds: 5, roundsMs: Number.POSITIVE_INFINITY },
        ...{ singles: 1000, singlesOf: names },
      }
}

/** Rounds in which each goes first in turn. */
async function runRounds(bench: Bench, running: readonly Running[], plan: Plan) {
  const efforts = new Map<Name, Effort[]>(running.map(({ name }) => [name, []]))
  const began = performance.now()
  for (let round = 0; round < plan.rounds; round += 1) {
    if (performance.now() - began > plan.roundsMs) break
    for (let n = 0; n < running.length; n += 1) {
      const contestant = running[(round + n) % running.length]!
      // Whoever is measured pays for no other's writes.
      await withPostgres(bench, (query) => query('CHECKPOINT'))
      efforts.get(contestant.name)!.push(await contestant.flood(plan.count))
    }
  }
  return efforts
}

async function runSingles(bench: Bench, channel: Channel, running: readonly Running[], plan: Plan) {
  const delays = new Map<Name, number[]>(plan.singlesOf.map((name) => [name, []]))
  const contents = new Map<Name, string>()
  for (let done = 0; done < plan.singles; done += singlesAtOnce) {
    for (const contestant of running.filter(({ name }) => delays.has(name))) {
      const order = { count: singlesAtOnce, idle: true, pauseMs, urgent: false }
      const calls = await contestant.singles(order)
      const { delays: some, texts, missing } = await arrivals(bench.sinks[channel], calls, 10_000)
      if (missing > 0) throw new Error(`${contestant.name}: ${missing} single messages are missing`)
      delays.get(contestant.name)!.push(...some)
      contents.set(contestant.name, await contentOf(channel, texts[0]!))
    }
  }
  if (new Set(contents.values()).size !== 1)
    throw new Error(`They do not send the same:\n${[...contents].join('\n')}`)
  return delays
}

/** What is the same whoever sends it. */
async function contentOf(channel: Channel, text: string): Promise<string> {
  const anyName = (content: string) => content.replace(/noted-[\w-]+/g, 'noted')
  if (channel === 'webhook') return anyName(text)
  const { subject, html = '', text: plain = '' } = await PostalMime.parse(text)
  return anyName([subject, html.trim(), plain.trim()].join('\n\n'))
}

async function check(bench: Bench, channel: Channel, running: readonly Running[], each: number[]) {
  let all = 0
  for (const [n, contestant] of running.entries()) {
    const sent = await contestant.sent()
    if (sent !== each[n]) throw new Error(`${contestant.name}: ${sent} rows of ${each[n]}`)
    all += sent
  }
  const arrived = await bench.sinks[channel].count()
  if (arrived !== all) throw new Error(`${arrived} of ${all} messages arrived`)
}

export async function race(bench: Bench, channel: Channel): Promise<Race> {
  const plan = planOf(channel, bench.quick)
  const running: Running[] = []
  const before = await bench.sinks[channel].count()
  if (before > 0) throw new Error('The sink is to be counted from its beginning.')
  for (const name of names) {
    const nodeArgs = bench.nodeArgs(`${channel}-${name}`)
    const contestant = await start(name, channel, bench.place, { nodeArgs })
    running.push(contestant)
    await contestant.work()
    await contestant.flood(plan.warmUp)
  }
  bench.progress(`${channel}: rounds of ${plan.count} messages`)
  const efforts = await runRounds(bench, running, plan)
  bench.progress(`${channel}: ${plan.singles} single messages, one after another`)
  const delays = await runSingles(bench, channel, running, plan)
  await check(
    bench,
    channel,
    running,
    running.map(
      ({ name }) =>
        plan.warmUp + efforts.get(name)!.length * plan.count + (delays.get(name)?.length ?? 0),
    ),
  )
  const figures: Partial<Record<Name, Figures>> = {}
  for (const contestant of running) {
    const of = efforts.get(contestant.name)!
    const some = delays.get(contestant.name)
    figures[contestant.name] = {
      messagesPerSecond: spread(of.map(({ tookMs }) => (plan.count * 1000) / tookMs)),
      cpuSecondsPer10000: spread(of.map(({ cpuMs }) => (cpuMs * 10) / plan.count)),
      peakMemoryBytes: await contestant.close(),
      latencyMs: some && latency(some),
    }
  }
  return figures as Race
}
