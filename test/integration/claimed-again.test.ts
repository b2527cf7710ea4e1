import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnyChannel } from '../../src/channel/channel.ts'
import type { OwnDatabase } from '../../src/database/index.ts'
import { giveBack, renew } from '../../src/outbox/hold.ts'
import { type Ending, settle } from '../../src/outbox/settle.ts'
import { startWorker, type WorkerParts } from '../../src/worker/worker.ts'
import { until } from '../support/database.ts'
import { createDoor } from '../support/door.ts'
import { onEveryEngine } from '../support/engines.ts'
import { asFailed, asSent, type Bare, openBare } from '../support/outbox.ts'
import { pager, recorder } from '../support/pager.ts'

/** `database`, whose answers to claims that brought something first pass through `answer`. */
function tapClaims(database: OwnDatabase, answer: () => Promise<void>): OwnDatabase {
  const execute: OwnDatabase['execute'] = async <Row>(sql: string, values?: readonly unknown[]) => {
    const rows = await database.execute<Row>(sql, values)
    const isClaim = sql.includes('next_lane')
    if (isClaim && rows.some((row) => (row as { id?: unknown }).id)) await answer()
    return rows
  }
  return new Proxy(database, {
    get: (of, name) => (name === 'execute' ? execute : Reflect.get(of, name)),
  })
}

const partsOf = (
  { outbox }: Bare,
  database: OwnDatabase,
  deliver: WorkerParts['deliver'],
): WorkerParts => ({
  ...{ outbox, database, deliver },
  queue: { ticket() {}, consume: async () => async () => {}, close: async () => {} },
  channels: { pager: pager({ backend: recorder() }) as AnyChannel },
  events: ['alarm'],
  lost: () => assert.fail('nothing is lost'),
  async write(chunk) {
    const endings = chunk.map(({ outcome }) => outcome as Ending)
    await settle(outbox, database, endings)
    return () => {}
  },
  watch: { claimed() {}, settled() {}, wrote() {}, lost() {} },
  looked() {},
  isOpen: () => true,
  refresh: async () => {},
  onError: (error) => assert.fail(error),
})

/** As a server that died before the claim was on its disk gives everything back. */
const forget = ({ database, outbox }: Bare) =>
  database.execute(
    `UPDATE ${outbox.schema}.delivery
     SET status = 'pending', turn = 1, attempts = 0, claims = 0, lease_until = NULL`,
  )

/** One delivery, claimed by one worker, forgotten, and claimed by another or by the same. */
async function claimTwice(bare: Bare, [first, second]: readonly [mark: number, mark: number]) {
  await bare.write(1)
  const [forgotten] = (await bare.claim({ mark: first })).claimed
  await forget(bare)
  const [made] = (await bare.claim({ mark: second })).claimed
  return { forgotten: forgotten!, made: made! }
}

onEveryEngine('a claim that the database forgot', (engine) => {
  test('is not sent again where its second answer comes after the settlement', async () => {
    const bare = await openBare(engine)
    const sending = createDoor()
    const answering = createDoor()
    let answers = 0
    let tries = 0
    const database = tapClaims(bare.database, async () => {
      answers += 1
      if (answers === 2) await answering.opened
    })
    const parts = partsOf(bare, database, async (claimed) => {
      tries += 1
      await sending.opened
      return asSent(claimed)
    })
    try {
      await bare.write(1)
      const worker = await startWorker(parts, { pollMs: 20, stopOn: [] })
      await until(() => tries === 1, 'the first try')
      await forget(bare)
      await until(() => answers === 2, 'the second claim')
      sending.open()
      await until(async () => (await bare.rows())[0]!.status === 'sent', 'the settlement')
      await until(() => worker.inFlight() === 0, 'the end of the try')
      answering.open()
      await worker.stop()
      const [row] = await bare.rows()
      assert.deepEqual([tries, row!.status, row!.attempts], [1, 'sent', 1])
    } finally {
      for (const door of [sending, answering]) door.open()
      await bare.close()
    }
  })

  test('and that another worker made since is settled by that worker alone', async () => {
    const bare = await openBare(engine)
    try {
      const { forgotten, made } = await claimTwice(bare, [1, 2])
      assert.notEqual(forgotten.claims, made.claims)
      const stale = [{ id: forgotten.id, claims: forgotten.claims }]
      assert.equal((await renew(bare.outbox, bare.database, stale, 1000)).renewed.size, 0)
      await giveBack(bare.outbox, bare.database, stale)
      const refused = asFailed(forgotten)
      assert.equal((await settle(bare.outbox, bare.database, [refused])).ids.size, 0)
      assert.equal((await settle(bare.outbox, bare.database, [asSent(made)])).ids.size, 1)
      assert.equal((await bare.rows())[0]!.status, 'sent')
    } finally {
      await bare.close()
    }
  })

  test('and makes once more is known to the worker that has it', async () => {
    const bare = await openBare(engine)
    try {
      const { forgotten, made } = await claimTwice(bare, [7, 7])
      assert.equal(made.claims, forgotten.claims)
    } finally {
      await bare.close()
    }
  })
})
