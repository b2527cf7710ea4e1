import { setTimeout as sleep } from 'node:timers/promises'
import { examine, type Findings, inFlightIds, unsettled } from './crash-check.ts'
import { eventually } from './crash-child.ts'
import type { CrashKind, CrashScene } from './crash-kinds.ts'

/** What one kill did. */
export interface Round extends Findings {
  readonly inFlight: number
  readonly unacknowledged: number
  readonly acknowledged: number
  /** Calls of `send` that threw. */
  readonly refused: number
  /** From the kill until all was sent, sends went on, and what was killed was in use again. */
  readonly recoveryMs: number
}

export interface CrashRun {
  readonly counted: readonly Round[]
  /** Kills that hit nothing in flight, or no send: made again, and not counted. */
  readonly uncounted: number
}

export interface RoundOptions {
  /** Statements run before a new worker starts. */
  readonly sabotage?: (schema: string) => string
  /** How long nothing may move while something is left to send. Default 30 s. */
  readonly patienceMs?: number
}

/** Kills in all scenes at once, one after the other in each, until `rounds` have hit something. */
export async function crashRepeatedly(
  kind: CrashKind,
  scenes: readonly CrashScene[],
  rounds: number,
): Promise<CrashRun> {
  const counted: Round[] = []
  let uncounted = 0
  let left = rounds
  const kill = async (scene: CrashScene) => {
    while (left > 0) {
      left -= 1
      const round = await crash(kind, scene)
      const hit = round.inFlight > 0 && round.unacknowledged > 0
      // What a round finds that does not count is no less wrong.
      if (hit || round.lost.length + round.wrong.length > 0) counted.push(round)
      else {
        left += 1
        uncounted += 1
      }
      if (uncounted > 3 * rounds + 5) {
        throw new Error(`${uncounted} kills hit nothing in flight; the load is too small`)
      }
    }
  }
  const stop = (thrown: unknown) => {
    left = 0
    throw thrown
  }
  await Promise.all(scenes.map((scene) => kill(scene).catch(stop)))
  return { counted, uncounted }
}

/** One round: load, kill, return, recovery. */
export async function crash(
  kind: CrashKind,
  scene: CrashScene,
  { sabotage, patienceMs = 30_000 }: RoundOptions = {},
): Promise<Round> {
  const { site, worker, sender } = scene
  sender.send({ big: kind.big })
  let inFlight = await busy(kind, scene)
  const began = performance.now()
  const gone = scene.kill()
  const unacknowledged = sender.unacknowledged
  await gone
  await scene.comeBack(async (next) => {
    if (!kind.workerDies) return
    inFlight = await inFlightIds(site, next)
    if (sabotage) await site.ask(next, sabotage(site.schema))
  })
  const isDead = scene.sender !== sender
  if (isDead) scene.sender.send()
  const known = scene.sender.acknowledged.length
  await eventually(
    () => scene.sender.acknowledged.length > known,
    () => ['The sender does not go on', ...scene.sender.refused.slice(-1)].join(': '),
  )
  await scene.sender.hold()
  const stuck = await recovered(scene, patienceMs)
  if (stuck.length === 0) await scene.used()
  const recoveryMs = performance.now() - began
  const processes = [...new Set([worker, sender, scene.worker, scene.sender])]
  const acknowledged = [...new Set([sender, scene.sender])].flatMap((each) => each.acknowledged)
  const refused = processes.flatMap((each) => each.refused)
  const findings = await examine(site, scene.worker, acknowledged, {
    twice: kind.workerDies ? inFlight : new Set(),
    attempts: kind.attempts,
  })
  const round = {
    ...findings,
    wrong: [
      ...stuck,
      ...findings.wrong,
      ...(kind.refuses ? [] : refused),
      ...(kind.complains ? [] : processes.flatMap(({ problems }) => problems)),
    ],
    inFlight: inFlight.size,
    unacknowledged: isDead ? sender.unacknowledged : unacknowledged,
    acknowledged: acknowledged.flatMap(({ deliveries }) => deliveries).length,
    refused: refused.length,
    recoveryMs,
  }
  await clear(scene)
  return round
}

/** Waits for a random moment under load, within a call of `send`; gives what is in flight. */
async function busy(kind: CrashKind, { site, worker, sender }: CrashScene): Promise<Set<string>> {
  await eventually(
    () => site.sink.received.size > 0,
    () => `Nothing arrived at the sink: ${[...worker.problems, ...sender.refused].join('\n')}`,
  )
  await sleep(Math.random() * 400)
  let inFlight = new Set<string>()
  // Any moment would do for a worker; most would find the sender between two sends.
  do {
    await eventually(
      () => sender.unacknowledged > 0,
      () => 'The sender does not send',
      { everyMs: 1 },
    )
    await sleep(Math.random() * 5)
    // Of a worker that dies it is asked for once it is dead.
    if (!kind.workerDies) inFlight = await inFlightIds(site, worker)
  } while (sender.unacknowledged === 0)
  return inFlight
}

/** Waits until nothing is left to send; gives what is left where nothing moves any more. */
async function recovered({ site, worker }: CrashScene, patienceMs: number): Promise<string[]> {
  let last = ''
  let movedAt = performance.now()
  for (;;) {
    const left = await unsettled(site, worker)
    if (left.length === 0) return []
    const now = performance.now()
    const seen = JSON.stringify(left)
    if (seen !== last) movedAt = now
    if (now - movedAt > patienceMs) {
      return left.map(({ status, count }) => `${count} still ${status}, ${patienceMs} ms later`)
    }
    last = seen
    await sleep(50)
  }
}

/** Empties the tables and forgets what was counted, for the next round. */
async function clear({ site, worker, sender }: CrashScene): Promise<void> {
  const { schema } = site
  // In the order in which statements of a worker take them, so that neither waits for the other.
  await site.ask(worker, `TRUNCATE ${schema}.delivery, ${schema}.notification CASCADE`)
  site.sink.forget()
  for (const each of new Set([worker, sender])) each.forget()
}
