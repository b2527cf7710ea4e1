import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { defineChannel, type Grouping } from '../../src/channel/channel.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { Permanent } from '../../src/errors.ts'
import { defineEvent } from '../../src/event/define.ts'
import { onEveryEngine } from '../support/engines.ts'
import { type Page, pager, pagerEvents, recorder } from '../support/pager.ts'
import { Folder } from '../unit/template-folder.ts'

/** A medium of rooms: a recipient is reached by a handle. */
const room = defineChannel({
  address: {
    recipientKey: 'handle',
    parse: (value: unknown) => String(value),
    key: (address: string) => address,
  },
  parts: { text: 'optional' },
  groupAtMost: 3,
})

interface Guest {
  handle?: string
  pager?: string
  userId?: string
  locale?: string
  tz?: string
}

onEveryEngine('one message to a group', (engine) => {
  const setUp = (options: { grouping?: Grouping; behave?: (page: Page) => void } = {}) => {
    const backend = recorder(options.behave)
    const envoyer = createEnvoyer({
      ...engine.fresh(),
      events: {
        ...pagerEvents,
        party: defineEvent({ context: z.object({ what: z.string() }), channels: ['room'] }),
      },
      channels: {
        room: room({ backend, grouping: options.grouping ?? 'together' }),
        pager: pager({ backend }),
      },
    })
    const send = async (guests: readonly Guest[], sendOptions: object = {}) => {
      const result = await envoyer.send('party', guests, { what: 'x' }, sendOptions)
      await envoyer.worker()
      await envoyer.waitFor(result)
      return result
    }
    return { envoyer, backend, send }
  }
  const guests: Guest[] = [
    { handle: 'ann', userId: '1' },
    { handle: 'ben', userId: '2', locale: 'de' },
    { handle: 'cem', userId: '3' },
    { handle: 'dia', userId: '4', tz: 'Asia/Tokyo' },
    { userId: '5' },
  ]

  test('goes to those who have locale and zone in common, and keeps each user', async () => {
    const { envoyer, backend, send } = setUp()
    const { count, skipped } = await send(guests)
    assert.equal(count, 3)
    const groups = backend.sent.map(({ addresses, locale, zone }) => [addresses, locale, zone])
    assert.deepEqual(
      groups.toSorted((a, b) => String(a[0]).localeCompare(String(b[0]))),
      [
        [['ann', 'cem'], 'en', 'UTC'],
        [['ben'], 'de', 'UTC'],
        [['dia'], 'en', 'Asia/Tokyo'],
      ],
    )
    const group = backend.sent.find(({ address }) => address === 'ann')!
    assert.deepEqual(
      group.recipients.map(({ userId }) => userId),
      ['1', '3'],
    )
    assert.equal(group.recipient.userId, '1')
    assert.deepEqual(skipped.counts, { room: { 'no-address': 1 } })
    const [kept] = await envoyer.deliveries.list({ user: '3' })
    assert.deepEqual(
      [kept?.users, kept?.address],
      [
        ['1', '3'],
        ['ann', 'cem'],
      ],
    )
    assert.equal((await envoyer.deliveries.list({ to: 'ann, cem' })).length, 1)
    await envoyer.close()
  })

  test('a full group is followed by another; nobody is left out and nobody is in two', async () => {
    const { envoyer, backend, send } = setUp()
    const handles = Array.from({ length: 8 }, (_, n) => `guest-${n}`)
    await send([...handles, ...handles].map((handle) => ({ handle })))
    assert.deepEqual(backend.sent.map(({ addresses }) => addresses.length).sort(), [2, 3, 3])
    assert.deepEqual(backend.sent.flatMap(({ addresses }) => addresses).sort(), handles.sort())
    await envoyer.close()
  })

  test('several in one room get one message there, and all of them are on record', async () => {
    const { envoyer, backend, send } = setUp()
    const { skipped } = await send([
      { handle: '#ops', userId: '1' },
      { handle: '#ops', userId: '2' },
      { handle: '#ops', userId: '3', locale: 'de' },
    ])
    assert.deepEqual(
      backend.sent.map(({ addresses, recipients }) => [addresses, recipients.length]),
      [[['#ops'], 2]],
    )
    assert.deepEqual((await envoyer.deliveries.list())[0]?.users, ['1', '2'])
    assert.deepEqual(skipped.counts, { room: { 'duplicate-address': 1 } })
    await envoyer.close()
  })

  test('the call decides before the event, and the event before the channel', async () => {
    const { envoyer, backend, send } = setUp({ grouping: 'each' })
    await send(guests.slice(0, 3))
    assert.equal(backend.sent.length, 3)
    await send(guests.slice(0, 3), { grouping: { room: 'together' } })
    assert.equal(backend.sent.length, 5)
    await envoyer.close()
  })

  test('a group of hundreds is one message that can be found and tried again', async () => {
    let down = true
    const { envoyer, backend } = setUp({
      behave: () => {
        if (down) throw new Permanent('no', { code: 'no' })
      },
    })
    const big = createEnvoyer({
      ...engine.fresh(),
      events: { party: defineEvent({ context: z.object({ what: z.string() }) }) },
      channels: {
        room: defineChannel({ ...room({ backend }).definition, groupAtMost: 500 })({
          backend,
          grouping: 'together',
        }),
      },
    })
    const handles = Array.from({ length: 500 }, (_, n) => ({ handle: `somebody-${n}@x.example` }))
    const result = await big.send('party', handles, { what: 'x' }, { channels: ['room'] })
    await big.worker()
    assert.equal((await big.waitFor(result)).failed, 1)
    down = false
    await big.deliveries.retry(result.deliveries[0]!.id)
    await big.waitFor(result)
    assert.equal(backend.sent[0]?.addresses.length, 500)
    await big.close()
    await envoyer.close()
  })

  test('a group whose addresses are long in bytes is found by the index all the same', async () => {
    const { envoyer, send } = setUp()
    const handles = Array.from({ length: 3 }, (_, n) => ({ handle: `${'東京'.repeat(400)}${n}` }))
    const { count } = await send(handles)
    assert.equal(count, 1)
    await envoyer.close()
  })

  test('whom the provider refused in a group is kept with the receipt', async () => {
    const refused = [{ address: 'ben', code: 'gone', text: 'left the room' }]
    const envoyer = createEnvoyer({
      ...engine.fresh(),
      events: { party: defineEvent({ context: z.object({ what: z.string() }) }) },
      channels: {
        room: room({
          backend: { name: 'room', send: async () => ({ refused }) },
          grouping: 'together',
        }),
      },
    })
    const told: unknown[] = []
    envoyer.on('delivery:sent', ({ refused }) => void told.push(refused))
    const result = await envoyer.send(
      'party',
      [{ handle: 'ann' }, { handle: 'ben' }],
      { what: 'x' },
      { channels: ['room'] },
    )
    await envoyer.worker()
    await envoyer.waitFor(result)
    const { receipt } = await envoyer.deliveries.get(result.deliveries[0]!.id)
    assert.deepEqual(receipt?.refused, refused)
    assert.deepEqual(told, [1])
    await envoyer.close()
  })

  test('an iterable is refused, and so is a channel that cannot', async () => {
    const { envoyer } = setUp()
    const party = (recipients: Iterable<Guest>, options = {}) =>
      envoyer.send('party', recipients, { what: 'x' }, options)
    await assert.rejects(party(new Set(guests)), { code: 'option-invalid', message: /an array/ })
    await assert.rejects(party(guests, { grouping: { pager: 'together' } }), {
      code: 'option-invalid',
      message: /cannot go to several together/,
    })
    assert.deepEqual(await envoyer.deliveries.list(), [])
    await envoyer.close()
  })

  test('templates see all of a group', async () => {
    using folder = new Folder({
      'party/room.text.liquid':
        '{{ recipient.userId }}:{% for r in recipients %} {{ r.userId }}{% endfor %}',
    })
    const backend = recorder()
    const envoyer = createEnvoyer({
      ...engine.fresh(),
      templates: folder.directory,
      events: { party: defineEvent({ context: z.object({ what: z.string() }) }) },
      channels: { room: room({ backend, grouping: 'together' }) },
    })
    assert.deepEqual(await envoyer.templates.check(), [])
    const result = await envoyer.send('party', guests, { what: 'x' }, { locale: 'en' })
    await envoyer.worker()
    await envoyer.waitFor(result)
    const [first] = backend.sent.filter(({ zone }) => zone === 'UTC')
    assert.equal(first?.message.text, '1: 1 2 3')
    await envoyer.close()
  })
})

test('a configuration that groups where it cannot is refused', () => {
  const backend = recorder()
  assert.throws(
    () =>
      createEnvoyer({
        events: {
          party: defineEvent({
            context: z.object({ what: z.string() }),
            grouping: { pager: 'together', fax: 'each' } as { pager: 'together' },
          }),
        },
        channels: { pager: pager({ backend, grouping: 'together' }) },
      }),
    (error: Error) =>
      /event "party": `grouping` of pager/.test(error.message) &&
      /event "party": `grouping` of fax: no such channel/.test(error.message) &&
      /- `grouping` of pager/.test(error.message),
  )
})
