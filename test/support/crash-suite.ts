import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { killChildren } from './crash-child.ts'
import {
  type Crashes,
  type CrashRun,
  crashRepeatedly,
  createCrashes,
  type Round,
  report,
  roundCount,
} from './crash-rounds.ts'
import type { CrashSite } from './crash-site.ts'

const roundsATest = roundCount > 10 ? 10 : 2

/**
 * Recovery taken out, without a switch in what is tested: the database refuses to let anyone take
 * an expired lease over.
 */
const withoutRecovery = (schema: string) => `
  CREATE OR REPLACE FUNCTION ${schema}.keep_expired() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RETURN NULL; END';
  CREATE OR REPLACE TRIGGER keep_expired BEFORE UPDATE ON ${schema}.delivery FOR EACH ROW
    WHEN (OLD.status = 'sending' AND NEW.status = 'sending' AND OLD.lease_until < now())
    EXECUTE FUNCTION ${schema}.keep_expired()`

const findings = ({ counted }: CrashRun) =>
  counted.map(({ inFlight, lost, duplicated, wrong, problems }) => ({
    lost,
    tooManyTwice: duplicated.length > inFlight ? duplicated : [],
    wrong,
    problems,
  }))

/** The kill test of one engine, and the proof that it can fail. */
export function declareKillTest(engine: string, create: () => Promise<CrashSite>): void {
  describe(`worker and sender killed in flight (${engine})`, () => {
    let site: CrashSite
    let crashes: Crashes
    const all = { counted: [] as Round[], uncounted: 0 }

    before(async () => {
      site = await create()
      crashes = createCrashes(site)
    })
    after(async () => {
      if (site) console.log(report(site, all))
      await killChildren()
      await site?.close()
    })

    // In several tests, each with a time limit of its own.
    for (let from = 0; from < roundCount; from += roundsATest) {
      test(`kills ${from + 1} to ${from + roundsATest}: none lost, no more sent twice than in flight`, async () => {
        const run = await crashRepeatedly(crashes, roundsATest)
        all.counted.push(...run.counted)
        all.uncounted += run.uncounted
        const nothing = { lost: [], tooManyTwice: [], wrong: [], problems: [] }
        assert.deepEqual(
          findings(run),
          run.counted.map(() => nothing),
        )
      })
    }

    test('is noticed to lose what was in flight where leases are not recovered', async () => {
      const kill = () => crashes.round({ sabotage: withoutRecovery, settleMs: 3000 })
      let round = await kill()
      // A kill may come between two claims.
      for (let again = 0; round.inFlight === 0 && again < 5; again += 1) round = await kill()
      assert.ok(round.inFlight > 0, 'nothing was in flight')
      assert.ok(round.lost.length > 0, 'nothing was lost without recovery')
      assert.ok(round.lost.length <= round.inFlight, round.lost.join('\n'))
      assert.ok(
        round.wrong.some((text) => text.includes('still sending')),
        round.wrong.join('\n'),
      )
    })
  })
}
