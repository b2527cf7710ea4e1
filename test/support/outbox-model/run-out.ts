import { claimOneAlone, claimSome } from './claim-steps.ts'
import { changeRate, look, wait } from './line-steps.ts'
import { isOpen } from './model.ts'
import { adopt, settleLost, settleSome } from './settle-steps.ts'
import { channels, type Site } from './site.ts'
import type { Step } from './step.ts'
import { seal } from './write-steps.ts'

/** Rounds with the rates in force; after them somebody lifts them, and the rest must go. */
const ratedRounds = 2
const mostRounds = 12

/** Knows all events. */
const worker = 2
const many = 50

/**
 * Lets one worker do what there is to do while the time goes by. Throws where that is never over: a
 * delivery that nobody can come to is lost, as one is that is sent for ever.
 */
export async function runOut(site: Site, run: (step: Step) => Promise<void>): Promise<void> {
  // All processes are killed, and one is started.
  for (const each of site.workers) Object.assign(each, { held: [], past: [], adopted: [] })
  await sendOut(site, run)
  for (let which = 0; which < site.chunked.length; which += 1) await run(seal({ which }))
  const uncompleted = site.seen().notifications.filter(({ completed }) => !completed)
  if (uncompleted.length > 0) throw new Error(`never completed: ${JSON.stringify(uncompleted)}`)
}

async function sendOut(site: Site, run: (step: Step) => Promise<void>): Promise<void> {
  for (let round = 0; round < mostRounds; round += 1) {
    if (!site.seen().deliveries.some(isOpen)) return
    if (round === ratedRounds) {
      for (const channel of channels) await run(changeRate({ channel, rate: undefined }))
    }
    await run(wait({ ticks: 4 }))
    await run(adopt({ worker }))
    await run(settleLost({ worker, count: many, end: round === 0 ? 'retry' : 'retry now' }))
    await run(look({}))
    for (const channel of channels) await sendAll(site, channel, run)
  }
  const stuck = site.seen().deliveries.filter(isOpen)
  if (stuck.length > 0) throw new Error(`never settled: ${JSON.stringify(stuck)}`)
}

async function sendAll(
  site: Site,
  channel: (typeof channels)[number],
  run: (step: Step) => Promise<void>,
): Promise<void> {
  const mine = site.workers[worker]!
  const settle = async () => {
    const ends = mine.held.map(() => 'sent' as const)
    if (ends.length > 0) await run(settleSome({ worker, from: 0, stale: false, ends }))
  }
  const line = (alone: boolean) =>
    site
      .seen()
      .deliveries.filter(
        (each) => each.channel === channel && each.turn !== null && (each.turn === 2) === alone,
      ).length
  for (let n = line(true); n > 0; n -= 1) {
    await run(claimOneAlone({ worker, channel }))
    await settle()
  }
  // One that finds nothing may have gone on behind the last lane; the one after it begins anew.
  for (let idle = 0; idle < 2 && line(false) > 0; ) {
    await run(claimSome({ worker, channel, limit: many, ordinary: many }))
    idle = mine.held.length === 0 ? idle + 1 : 0
    await settle()
  }
}
