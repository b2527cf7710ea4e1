import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { createEnvoyer } from '../../src/envoyer.ts'
import { defineEvent } from '../../src/event/define.ts'
import { postgres, redisUrl } from '../support/engines.ts'
import { pager, recorder } from '../support/pager.ts'

for (const carrier of ['NOTIFY', 'BullMQ'] as const) {
  test(`a worker serves the channels that it is told to, and leaves the others (${carrier})`, async () => {
    const place = { ...postgres.fresh(), redisUrl: carrier === 'BullMQ' ? redisUrl() : '' }
    const open = () => {
      const backends = { day: recorder(), night: recorder() }
      const envoyer = createEnvoyer({
        ...place,
        events: { alarm: defineEvent({ context: z.object({}), channels: ['day', 'night'] }) },
        channels: {
          day: pager({ backend: backends.day }),
          night: pager({ backend: backends.night }),
        },
      })
      return { envoyer, sent: () => [backends.day.sent.length, backends.night.sent.length] }
    }
    const [one, other] = [open(), open()]
    try {
      await one.envoyer.worker({ channels: ['day'], stopOn: [], pollMs: 100 })
      const result = await other.envoyer.send('alarm', [{ pager: '1' }, { pager: '2' }], {})
      const waits = async () => {
        const left = await other.envoyer.deliveries.list({ status: 'pending' })
        return left.map(({ channel, attempts }) => [channel, attempts])
      }
      for (let n = 0; n < 100 && (await waits()).length > 2; n += 1) await sleep(50)
      await sleep(300)
      assert.deepEqual(await waits(), [
        ['night', 0],
        ['night', 0],
      ])
      await other.envoyer.worker({ channels: ['night'], stopOn: [] })
      assert.equal((await other.envoyer.waitFor(result)).sent, 4)
      assert.deepEqual(
        [one.sent(), other.sent()],
        [
          [2, 0],
          [0, 2],
        ],
      )
    } finally {
      await Promise.all([one.envoyer.close(), other.envoyer.close()])
    }
  })
}
