import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { createEnvoyer } from '../../src/envoyer.ts'
import { type EnvoyerError, Permanent } from '../../src/errors.ts'
import { defineEvent } from '../../src/event/define.ts'
import { settle } from '../../src/outbox/settle.ts'
import { onEveryEngine } from '../support/engines.ts'
import { asFailed, asSent, openBare } from '../support/outbox.ts'
import { type Page, pager, pagerEvents, recorder } from '../support/pager.ts'

const refuse = () => {
  throw new Permanent('no such number', { code: 'unknown' })
}

interface Person {
  pager?: string
  radio?: string | string[]
  flag?: string
  userId?: string
}

onEveryEngine('a fallback', (engine) => {
  const setUp = (
    behave: (page: Page) => void = refuse,
    events: { alarm?: object; radioFallback?: string; radio?: () => void } = {},
  ) => {
    const [first, second, third] = [recorder(behave), recorder(events.radio), recorder()]
    const place = engine.fresh()
    const envoyer = createEnvoyer({
      ...place,
      events: {
        ...pagerEvents,
        alarm: defineEvent({
          context: z.object({ what: z.string() }),
          channels: ['pager'],
          ...events.alarm,
        }),
      },
      channels: {
        pager: pager({ backend: first, fallback: 'radio' }),
        radio: pager({
          backend: second,
          ...(events.radioFallback ? { fallback: events.radioFallback } : {}),
        }),
        flag: pager({ backend: third }),
      },
      recipient: {
        address: {
          pager: (person: Person) => person.pager,
          radio: (person: Person) => person.radio,
          flag: (person: Person) => person.flag,
        },
      },
    })
    const send = async (people: Person | readonly Person[], options: object = {}) => {
      const result = await envoyer.send('alarm', people as Person[], { what: 'fire' }, options)
      await envoyer.worker()
      return { result, completed: await envoyer.waitFor(result) }
    }
    return { envoyer, first, second, third, send, place }
  }
  const eventFallback = { alarm: { fallback: 'radio' } }

  test('takes what was given up, once, to the address found at send, and history shows it', async () => {
    const { envoyer, second, send } = setUp(refuse, eventFallback)
    const queued: string[] = []
    envoyer.on('delivery:queued', ({ channel }) => void queued.push(channel))
    const { result, completed } = await send({ pager: 'p1', radio: 'r1', userId: '7' })
    assert.equal(result.count, 1)
    assert.deepEqual(completed, { sent: 1, failed: 1, cancelled: 0 })
    assert.deepEqual(
      second.sent.map(({ address, channel, input, recipient }) => [
        ...[address, channel, input, recipient.userId],
      ]),
      [['r1', 'radio', { what: 'fire' }, '7']],
    )
    const failed = await envoyer.deliveries.get(result.deliveries[0]!.id)
    const [instead] = await envoyer.deliveries.list({ channel: 'radio' })
    assert.deepEqual(failed.fallback, [{ id: instead!.id, channel: 'radio' }])
    assert.deepEqual(
      [instead!.fallbackOf, instead!.status, instead!.users],
      [failed.id, 'sent', ['7']],
    )
    assert.deepEqual(queued, ['pager', 'radio'])
    // tried again, and given up again
    await envoyer.deliveries.retry(failed.id)
    await envoyer.waitFor(result)
    assert.equal(second.sent.length, 1)
    await envoyer.close()
  })

  test('is not used where the first channel delivers, after tries of its own too', async () => {
    let tries = 0
    const { envoyer, first, second, send } = setUp(() => {
      if (tries++ < 2) throw new Error('busy')
    }, eventFallback)
    await send({ pager: 'p1', radio: 'r1' })
    assert.deepEqual([first.sent.length, second.sent.length], [1, 0])
    await envoyer.close()
  })

  test('reaches at once who cannot be reached over the first, and says why', async () => {
    const { envoyer, first, second, send } = setUp(() => {}, eventFallback)
    const { result } = await send([{ radio: 'r1' }, { pager: 'not a number!', radio: 'r2' }, {}])
    assert.deepEqual(
      [first.sent.length, second.sent.map(({ address }) => address).sort()],
      [0, ['r1', 'r2']],
    )
    assert.deepEqual(result.skipped.counts, {
      pager: { 'no-address': 2, 'invalid-address': 1 },
      radio: { 'no-address': 1 },
    })
    await envoyer.close()
  })

  test('does not repeat what its channel delivers anyway', async () => {
    const { envoyer, second, send } = setUp(refuse, {
      alarm: { channels: ['pager', 'radio'], fallback: 'radio' },
    })
    const { completed } = await send({ pager: 'p1', radio: 'r1' })
    assert.deepEqual([completed.sent, completed.failed, second.sent.length], [1, 1, 1])
    await envoyer.close()
  })

  test('two that share a fallback address get one message there', async () => {
    const { envoyer, second, send } = setUp(refuse, eventFallback)
    await send([
      { pager: 'p1', radio: 'r1' },
      { pager: 'p2', radio: 'r1' },
      { pager: 'p3', radio: ['r3', 'r4'] },
    ])
    assert.deepEqual(second.sent.map(({ address }) => address).sort(), ['r1', 'r3', 'r4'])
    await envoyer.close()
  })

  test('loses nobody who shares an address with others on the way', async () => {
    const { envoyer, third, send } = setUp(refuse, { radioFallback: 'flag', radio: refuse })
    for (const channel of ['radio', 'flag'] as const) {
      await envoyer.templates.set('alarm', channel, 'text', 'x')
    }
    await send([
      { pager: 'p1', radio: 'shared', flag: 'f1' },
      { pager: 'p2', radio: 'shared', flag: 'f2' },
      { pager: 'p3', flag: 'f3' },
      { pager: 'p3', flag: 'f4' },
    ])
    assert.deepEqual(third.sent.map(({ address }) => address).sort(), ['f1', 'f2', 'f3', 'f4'])
    await envoyer.close()
  })

  test('of a shared address is each person’s own', async () => {
    const { envoyer, second, send } = setUp(refuse, eventFallback)
    await send([
      { pager: 'p', userId: 'frank' },
      { pager: 'p', radio: 'r', userId: 'gerda' },
    ])
    assert.deepEqual(
      second.sent.map(({ address, recipient }) => [address, recipient.userId]),
      [['r', 'gerda']],
    )
    assert.equal((await envoyer.deliveries.list({ user: 'gerda' })).length, 1)
    await envoyer.close()
  })

  test('is found where the event names no channels', async () => {
    const { envoyer, second, send } = setUp(refuse, {
      alarm: { channels: undefined, fallback: 'radio' },
    })
    await envoyer.templates.set('alarm', 'pager', 'text', 'x')
    await send({ pager: 'p1', radio: 'r1' })
    assert.equal(second.sent.length, 1)
    await envoyer.close()
  })

  test('goes on to the next, and ends where a channel comes again', async () => {
    const { envoyer, second, third, send } = setUp(refuse, {
      alarm: { channels: ['pager'] },
      radioFallback: 'flag',
    })
    // The channels' own fallbacks hold for events with templates only: none here.
    const without = await send({ pager: 'p1', radio: 'r1', flag: 'f1' })
    assert.deepEqual([without.completed.failed, second.sent.length], [1, 0])
    for (const channel of ['radio', 'flag'] as const) {
      await envoyer.templates.set('alarm', channel, 'text', 'x')
    }
    await send([
      { pager: 'p2', radio: 'r2' },
      { pager: 'p3', flag: 'f3' },
    ])
    assert.deepEqual(
      [second.sent, third.sent].map((sent) => sent.map(({ address }) => address)),
      [['r2'], ['f3']],
    )
    await envoyer.close()
  })

  test('is written where the worker of the first was lost for good', async () => {
    const { envoyer, second, place } = setUp(refuse, eventFallback)
    const result = await envoyer.send('alarm', { pager: 'p1', radio: 'r1' }, { what: 'x' })
    // A worker claims it and never comes back; the policy allows no more tries.
    await envoyer.transaction(async (manager) => {
      await manager.query(
        `UPDATE "${place.schema}".delivery SET status = 'sending', turn = NULL, attempts = 99,
           lease_until = now() - interval '1 minute'`,
      )
    })
    await envoyer.worker({ pollMs: 50 })
    await envoyer.waitFor(result)
    assert.deepEqual(
      second.sent.map(({ address }) => address),
      ['r1'],
    )
    await envoyer.close()
  })

  test('a missing template of it fails the call, with nothing written', async () => {
    const backend = recorder()
    const wordy = { ...pager({ backend }).definition, parts: { text: 'required' } } as const
    const envoyer = createEnvoyer({
      ...engine.fresh(),
      events: {
        alarm: defineEvent({ context: z.object({}), channels: ['pager'], fallback: 'sms' }),
      },
      channels: {
        pager: pager({ backend }),
        sms: { ...pager({ backend }), definition: wordy as never },
      },
    })
    await assert.rejects(envoyer.send('alarm', { pager: '1' }, {}), {
      code: 'template-missing',
      message: /channel sms/,
    })
    await envoyer.close()
  })
})

onEveryEngine('the count of open deliveries', (engine) => {
  test('a notification is completed by the last fallback, not by what it follows', async () => {
    const bare = await openBare(engine)
    const id = await bare.write(1, { fallback: 'radio' })
    const { claimed } = await bare.claim()
    const given = await settle(bare.outbox, bare.database, claimed.map(asFailed))
    assert.deepEqual([given.completed, given.fallen.length], [[], 1])
    const next = await bare.claim({ channel: 'radio' })
    const done = await settle(bare.outbox, bare.database, next.claimed.map(asSent))
    assert.deepEqual(done.completed, [id])
    await bare.close()
  })
})

test('fallbacks to nowhere are refused', () => {
  const backend = recorder()
  assert.throws(
    () =>
      createEnvoyer({
        events: { alarm: { context: z.object({}), fallback: 'smoke' as never } },
        channels: {
          pager: pager({ backend, fallback: 'smoke' }),
          radio: pager({ backend, fallback: 'radio' }),
        },
      }),
    (error: EnvoyerError) => {
      assert.deepEqual(error.problems, [
        'channel "pager": `fallback` must be the name of another configured channel',
        'channel "radio": `fallback` must be the name of another configured channel',
        'event "alarm": `fallback` must be the name of one configured channel',
      ])
      return true
    },
  )
})
