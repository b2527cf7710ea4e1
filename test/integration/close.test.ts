import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { temporaryDirectory } from '../support/database.ts'
import { onEveryEngine } from '../support/engines.ts'
import { createPagerEnvoyer } from '../support/pager.ts'

/** Lets the event loop turn for so long: timers are too coarse to meet what takes less than one. */
async function turn(ms: number): Promise<void> {
  const until = performance.now() + ms
  while (performance.now() < until) await new Promise(setImmediate)
}

onEveryEngine('close', (engine) => {
  test('calls that are under way end, though they wait for a connection', async () => {
    const { envoyer } = createPagerEnvoyer(engine)
    await envoyer.send('alarm', { pager: 'first' }, { what: 'a' })
    const sends = Array.from({ length: 30 }, (_, n) =>
      envoyer.send('alarm', { pager: `p${n}` }, { what: 'a' }),
    )
    await pause(3)
    await envoyer.close()
    const ended = await Promise.race([Promise.allSettled(sends), pause(2000, undefined)])
    assert.ok(ended, 'some still wait')
    for (const each of ended) {
      if (each.status === 'rejected') assert.equal(each.reason.code, 'closed')
    }
  })

  test('leaves no worker behind that was about to start', async () => {
    for (let n = 0; n < 12; n += 1) {
      const { envoyer, internal } = createPagerEnvoyer(engine)
      await envoyer.settings.get('pager')
      const starting = envoyer.worker({ stopOn: [], pollMs: 20 }).catch((error) => error.code)
      await turn(n * 1.4)
      await envoyer.close()
      const worker = await starting
      if (typeof worker === 'string') assert.equal(worker, 'closed')
      else await worker.stopped
      const complaints = internal().length
      await pause(60)
      assert.equal(internal().length, complaints, `closed after ${n * 1.4} ms`)
      await assert.rejects(envoyer.worker(), { code: 'closed' })
    }
  })

  test('loses nothing that follows a notification', async () => {
    const surroundings = {
      ...engine.fresh(),
      ...(engine.name === 'embedded' ? { directory: await temporaryDirectory() } : {}),
    }
    const rounds = engine.name === 'postgres' ? 30 : 6
    for (let n = 0; n < rounds; n += 1) {
      const { envoyer } = createPagerEnvoyer(engine, undefined, { surroundings })
      const { deliveries } = await envoyer.send(
        'alarm',
        { pager: `p${n}` },
        { what: 'a' },
        {
          at: new Date(Date.now() + 3_600_000),
          onCompleted: { event: 'fire', recipients: { pager: `then${n}` }, context: { what: 'b' } },
        },
      )
      const id = deliveries[0]!.id
      const cancelling = envoyer.deliveries.cancel(id).catch(() => {})
      await turn((n * 8) / rounds)
      await envoyer.close()
      await cancelling
      const next = createPagerEnvoyer(engine, undefined, { surroundings }).envoyer
      const { status } = await next.deliveries.get(id)
      const followed = await next.deliveries.count({ event: 'fire', to: `then${n}` })
      await next.close()
      assert.equal(followed, status === 'cancelled' ? 1 : 0, `round ${n}: ${status}`)
    }
  })
})
