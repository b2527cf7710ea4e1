import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { delays } from '../../src/channel/retry.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { DeliveryError, RetryAfter } from '../../src/errors.ts'
import { defineEvent } from '../../src/event/define.ts'
import { until } from '../support/database.ts'
import { onEveryEngine } from '../support/engines.ts'
import { type Page, pager, recorder } from '../support/pager.ts'

const people = Array.from({ length: 100 }, (_, n) => ({ pager: `p${n}`, userId: String(n) }))

onEveryEngine('channels side by side', (engine) => {
  /** The good channel works; the other one does as it is told. */
  const setUp = (misbehave: (page: Page) => Promise<void> | void, timeoutMs: number) => {
    const [good, bad] = [recorder(), recorder(misbehave)]
    const envoyer = createEnvoyer({
      ...engine.fresh(),
      events: {
        alarm: defineEvent({ context: z.object({ n: z.number() }), channels: ['bad', 'good'] }),
      },
      channels: {
        bad: pager({
          ...{ backend: { ...bad, name: 'bad' }, concurrency: 20, timeoutMs },
          retry: delays([10, 10, 10]),
        }),
        good: pager({ backend: good, concurrency: 20 }),
      },
    })
    return { envoyer, good, bad }
  }
  /** Each of them once, though the other channel's are tried again and again. */
  const assertEachOnce = (good: { sent: readonly Page[] }) => {
    assert.deepEqual(
      good.sent.map(({ address, attempt }) => `${address} ${attempt}`).sort(),
      people.map((person) => `${person.pager} 1`).sort(),
    )
  }

  test('one that never answers, and heeds no signal, neither delays nor repeats another', async () => {
    let hanging = 0
    const { envoyer, good, bad } = setUp(() => {
      hanging += 1
      return new Promise(() => {})
    }, 60_000)
    await envoyer.worker({ graceMs: 100 })
    const began = performance.now()
    await envoyer.send('alarm', people, { n: 1 })
    await until(() => good.sent.length >= people.length, 'all of the good channel')
    const tookMs = performance.now() - began
    assertEachOnce(good)
    // All places but the two that are kept for urgent messages.
    assert.deepEqual([hanging, bad.sent.length], [18, 0])
    const open = await envoyer.deliveries.list({ channel: 'bad', status: 'sending', limit: 1000 })
    assert.equal(open.length, 18)
    // Far from the time-out that the other waits for: it was not waited for.
    assert.ok(tookMs < 30_000, `${tookMs} ms`)
    await envoyer.close()
  })

  test('one whose every try times out, fails or asks for a pause ends by itself', async () => {
    let calls = 0
    const { envoyer, good, bad } = setUp(() => {
      const error = [
        () => new Promise<void>(() => {}),
        () => Promise.reject(new DeliveryError('no line', { code: 'ECONNREFUSED' })),
        () => Promise.reject(new RetryAfter(5, 'busy', { code: 'busy', scope: 'lane' })),
        () => {
          throw new TypeError('a mistake in the backend')
        },
      ][calls++ % 4]!
      return error()
    }, 50)
    const result = await envoyer.send('alarm', people, { n: 2 })
    await envoyer.worker({ pollMs: 50 })
    assert.deepEqual(await envoyer.waitFor(result), {
      ...{ sent: people.length, failed: people.length, cancelled: 0 },
    })
    assertEachOnce(good)
    assert.deepEqual([calls, bad.sent.length], [4 * people.length, 0])
    await envoyer.close()
  })
})
