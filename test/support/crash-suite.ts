import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { killChildren } from './crash-child.ts'
import type { CrashKind, CrashScene } from './crash-kinds.ts'
import { type CrashRun, crash, crashRepeatedly, type Round } from './crash-rounds.ts'
import { columnOf, keepColumn, tableOf } from './crash-table.ts'

const isThorough = process.env.ENVOYER_THOROUGH === '1'
const roundsATest = 100

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

/** The kills of one kind, and where they could lose something the proof that they would show it. */
export function declareKillTest(kind: CrashKind): void {
  const asked = process.env.ENVOYER_CRASH_ROUNDS
  const roundCount = Number(asked ?? (isThorough ? kind.thoroughRounds : 10))
  describe(`killed under load: ${kind.name}`, () => {
    let scenes: readonly CrashScene[] = []
    const all = { counted: [] as Round[], uncounted: 0 }

    before(async () => {
      scenes = await Promise.all(Array.from({ length: kind.scenes }, kind.createScene))
    })
    after(async () => {
      await report(kind, all)
      await killChildren()
      await Promise.all(scenes.map((scene) => scene.close()))
    })

    // In several tests, each with a time limit of its own.
    for (let from = 0; from < roundCount; from += roundsATest) {
      const to = Math.min(roundCount, from + roundsATest)
      test(`kills ${from + 1} to ${to}: none lost, none twice but what was in flight`, async () => {
        const run = await crashRepeatedly(kind, scenes, to - from)
        all.counted.push(...run.counted)
        all.uncounted += run.uncounted
        assert.deepEqual(
          run.counted.map(({ lost, wrong }) => ({ lost, wrong })),
          run.counted.map(() => ({ lost: [], wrong: [] })),
        )
        const refused = run.counted.reduce((sum, round) => sum + round.refused, 0)
        assert.equal(refused > 0, kind.refuses, 'whether sends met the outage')
      })
    }
    if (kind.workerDies) declareProof(kind, () => scenes[0]!)
  })
}

function declareProof(kind: CrashKind, scene: () => CrashScene): void {
  test('is noticed to lose what was in flight where leases are not recovered', async () => {
    const kill = () => crash(kind, scene(), { sabotage: withoutRecovery, patienceMs: 8000 })
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
}

async function report({ name }: CrashKind, run: CrashRun): Promise<void> {
  if (run.counted.length === 0) return
  const column = columnOf(name, process.env.ENVOYER_TEST_MACHINE ?? '', run)
  console.log(tableOf([column]))
  if (isThorough) await keepColumn(column)
}
