import { setTimeout as sleep } from 'node:timers/promises'
import { examine, type Findings, inFlightIds, unsettled } from './crash-check.ts'
import { eventually } from './crash-child.ts'
import type { CrashSite, Crew } from './crash-site.ts'

/** What one kill did. */
export interface Round extends Findings {
  readonly inFlight: number
  readonly unacknowledged: number
  readonly acknowledged: number
  /** From the kill until nothing was left to send: restart, expiry of the leases, sending. */
  readonly recoveryMs: number
  /** Errors inside Envoyer, in any of the processes. */
  readonly problems: readonly string[]
}

export interface CrashRun {
  readonly counted: readonly Round[]
  /** Kills that hit nothing in flight, or no send: made again, and not counted. */
  readonly uncounted: number
}

export interface RoundOptions {
  /** Statements run before the new worker starts. */
  readonly sabotage?: (schema: string) => string
  /** How long the new worker has. Default 30 s. */
  readonly settleMs?: number
}

/** The rounds of the ordinary run, and of the thorough one. */
export const roundCount = process.env.ENVOYER_THOROUGH === '1' ? 200 : 10

/** Kills one crew after the other on the same database. */
export interface Crashes {
  /** Load, kill, restart, recovery; the new worker is the next one to be killed. */
  round(options?: RoundOptions): Promise<Round>
}

export function createCrashes(site: CrashSite): Crashes {
  let crew: Crew | undefined
  return {
    async round(options = {}) {
      if (crew === undefined) {
        crew = site.startCrew()
        await crew.worker.open()
        await crew.worker.work()
      } else {
        site.sink.forget()
        await site.ask(crew.worker, `DELETE FROM ${site.schema}.notification`)
      }
      // Loads its code while the others run; it opens nothing until they are dead.
      const next = site.startCrew()
      const round = await crash(site, crew, next, options)
      crew = next
      return round
    },
  }
}

/** Kills worker and sender until `rounds` of the kills have hit something. */
export async function crashRepeatedly(crashes: Crashes, rounds: number): Promise<CrashRun> {
  const counted: Round[] = []
  let uncounted = 0
  while (counted.length < rounds) {
    const round = await crashes.round()
    const hit = round.inFlight > 0 && round.unacknowledged > 0
    // What a round finds that does not count is no less wrong.
    if (hit || round.lost.length + round.wrong.length > 0) counted.push(round)
    else uncounted += 1
    if (uncounted > 3 * rounds + 5) {
      throw new Error(`${uncounted} kills hit nothing in flight; the load is too small`)
    }
  }
  return { counted, uncounted }
}

/** One round: load, kill, restart, recovery. */
async function crash(
  site: CrashSite,
  { worker, sender }: Crew,
  next: Crew,
  { sabotage, settleMs = 30_000 }: RoundOptions,
): Promise<Round> {
  if (sender !== worker) await sender.open()
  sender.send({ big: true })
  await eventually(
    () => site.sink.received.size > 0,
    () => `Nothing arrived at the sink: ${[...worker.problems, ...sender.refused].join('\n')}`,
  )
  await sleep(Math.random() * 400)
  // Any moment would do for the worker; most would find the sender between two sends.
  await eventually(
    () => sender.unacknowledged > 0,
    () => 'The sender does not send',
    { everyMs: 1 },
  )
  await sleep(Math.random() * 5)
  const victims = [...new Set([sender, worker])]
  const began = performance.now()
  for (const victim of victims) victim.kill()
  for (const victim of victims) {
    const end = await victim.ended
    if (end !== 'SIGKILL') throw new Error(`${victim.name} had ended by itself: ${end}`)
    await site.forgotten(victim)
  }

  await next.worker.open()
  const inFlight = await inFlightIds(site, next.worker)
  if (sabotage) await site.ask(next.worker, sabotage(site.schema))
  await next.worker.work()
  const settled = await recovered(site, next, settleMs)
  const recoveryMs = performance.now() - began
  const { acknowledged } = sender
  const findings = await examine(site, next.worker, acknowledged, inFlight)
  return {
    ...findings,
    wrong: [...settled, ...findings.wrong],
    inFlight: inFlight.size,
    unacknowledged: sender.unacknowledged,
    acknowledged: acknowledged.flatMap(({ deliveries }) => deliveries).length,
    recoveryMs,
    problems: [...victims, next.worker].flatMap(({ problems, refused }) => [
      ...problems,
      ...refused,
    ]),
  }
}

/** Waits until nothing is left to send; gives what is left after all. */
async function recovered(site: CrashSite, { worker }: Crew, settleMs: number): Promise<string[]> {
  const look = () => unsettled(site, worker)
  try {
    await eventually(
      async () => (await look()).length === 0,
      () => '',
      { timeoutMs: settleMs, everyMs: 50 },
    )
    return []
  } catch {
    return (await look()).map(
      ({ status, count }) => `${count} still ${status}, ${settleMs} ms later`,
    )
  }
}

/** A table of what the rounds of an engine saw. */
export function report(site: CrashSite, { counted, uncounted }: CrashRun): string {
  const sum = (pick: (round: Round) => number) =>
    counted.reduce((total, round) => total + pick(round), 0)
  const times = counted.map(({ recoveryMs }) => recoveryMs).sort((a, b) => a - b)
  const seconds = (ms: number | undefined) => `${((ms ?? 0) / 1000).toFixed(2)} s`
  const lines = {
    'rounds (not counted)': `${counted.length} (${uncounted})`,
    'deliveries acknowledged': sum(({ acknowledged }) => acknowledged),
    'in flight at the kills': sum(({ inFlight }) => inFlight),
    'sends unacknowledged at the kills': sum(({ unacknowledged }) => unacknowledged),
    lost: sum(({ lost }) => lost.length),
    duplicated: sum(({ duplicated }) => duplicated.length),
    'otherwise wrong': sum(({ wrong }) => wrong.length),
    'time to recover, median': seconds(times[Math.floor(times.length / 2)]),
    'time to recover, longest': seconds(times.at(-1)),
  }
  const rows = Object.entries(lines).map(([what, value]) => `  ${what.padEnd(36)}${value}`)
  return [`kill -9, ${site.engine}:`, ...rows].join('\n')
}
