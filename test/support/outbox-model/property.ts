import fc from 'fast-check'
import type { Bare } from '../outbox.ts'
import { checkAgreement } from './agree.ts'
import { backlog, batches, overalls, steps } from './arbitrary.ts'
import { checkInvariants } from './invariants.ts'
import { createModel, type Model } from './model.ts'
import { runOut } from './run-out.ts'
import { openSite, type Site } from './site.ts'
import type { Step } from './step.ts'

/** Runs one step on both, and compares all that they hold then. */
async function follow(step: Step, model: Model, site: Site): Promise<void> {
  await step.actAndCompare(model, site)
  await examine(site)
  checkAgreement(model, site.seen())
}

async function examine(site: Site): Promise<void> {
  const before = site.seen()
  checkInvariants(site, before, await site.look())
}

const commands = fc.commands<Model, Site, false>(
  [
    steps.map((step) => ({
      check: () => true,
      run: (model: Model, site: Site) => follow(step, model, site),
      toString: () => step.name,
    })),
  ],
  { maxCommands: 80, size: 'max' },
)

/** Any sequence of steps, one after the other, does what the model does; and then all comes to an end. */
export const asTheModel = (bare: Bare, database = bare.database) =>
  fc.asyncProperty(overalls, backlog(4), commands, async (overall, first, sequence) => {
    const model = createModel()
    const site = await openSite(bare, { database, overall })
    for (const each of first) await follow(each, model, site)
    await fc.asyncModelRun(() => ({ model, real: site }), sequence)
    await runOut(site, (step) => follow(step, model, site))
  })

/** Steps done at the same time, in whatever order, keep what is promised; and then all comes to an end. */
export const inAnyOrder = (bare: Bare, database = bare.database) =>
  fc.asyncProperty(overalls, batches, async (overall, [first, rest]) => {
    const site = await openSite(bare, { database, overall })
    for (const { turn, together } of [first, ...rest]) {
      await turn?.act(site)
      // All of them end before the next case begins, also where one fails.
      const ends = await Promise.allSettled(together.map((step) => step.act(site)))
      for (const end of ends) if (end.status === 'rejected') throw end.reason
      await examine(site)
    }
    await runOut(site, async (step) => {
      await step.act(site)
      await examine(site)
    })
  })
