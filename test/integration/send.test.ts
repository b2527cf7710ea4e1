import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { DataSource } from 'typeorm'
import type { EnvoyerError } from '../../src/errors.ts'
import { onEveryEngine, postgres, postgresUrl } from '../support/engines.ts'
import { createPagerEnvoyer } from '../support/pager.ts'

const failsWith = (code: string, text?: RegExp) => (error: unknown) => {
  assert.equal((error as EnvoyerError).code, code)
  if (text) assert.match((error as Error).message, text)
  return true
}

onEveryEngine('send', (engine) => {
  let app: ReturnType<typeof createPagerEnvoyer>
  before(() => {
    app = createPagerEnvoyer(engine)
  })
  after(() => app.envoyer.close())

  test('writes one delivery a recipient and tells of those that got none', async () => {
    const result = await app.envoyer.send(
      'alarm',
      [
        { pager: '100', userId: 7 },
        { pager: '100', userId: 8 },
        { pager: 'not a number' },
        { pager: undefined, userId: 'x' },
        { pager: ['200', '201'] as never, userId: 9 },
      ],
      { what: 'smoke' },
    )
    assert.deepEqual(
      result.deliveries.map(({ to, users }) => [to, users]),
      [
        ['100', ['7']],
        ['200', ['9']],
        ['201', ['9']],
      ],
    )
    assert.deepEqual(result.skipped.counts, {
      pager: { 'duplicate-address': 1, 'invalid-address': 1, 'no-address': 1 },
    })
    assert.deepEqual(
      result.skipped.first.map(({ recipient, reason, userId }) => [recipient, reason, userId]),
      [
        [1, 'duplicate-address', '8'],
        [2, 'invalid-address', undefined],
        [3, 'no-address', 'x'],
      ],
    )
    const stored = await app.envoyer.deliveries.list({ notificationId: result.notificationId })
    assert.deepEqual(
      stored.map(({ status }) => status),
      ['pending', 'pending', 'pending'],
    )
  })

  test('stores of a recipient only the well-known keys', async () => {
    const user = { pager: '300', userId: 1, locale: 'de', password: 'hunter2', tz: 'Europe/Berlin' }
    const { deliveries } = await app.envoyer.send('alarm', user, { what: 'x' })
    const details = await app.envoyer.deliveries.get(deliveries[0]!.id)
    assert.deepEqual(details.recipient, { userId: '1', locale: 'de', tz: 'Europe/Berlin' })
    assert.deepEqual([details.locale, details.zone], ['de', 'Europe/Berlin'])
  })

  test('characters that no database holds are refused in a context and left out of a recipient', async () => {
    const { envoyer } = app
    for (const what of ['nul \u0000', 'half \ud800']) {
      await assert.rejects(
        envoyer.send('alarm', { pager: '1' }, { what }),
        failsWith('context-not-json'),
      )
    }
    const odd = { pager: '1', userId: 'a\u0000b', locale: '\ud800', email: 'x\u0000' }
    const { deliveries } = await envoyer.send('alarm', odd, { what: 'fine 😀' })
    assert.deepEqual((await envoyer.deliveries.get(deliveries[0]!.id)).recipient, {})
  })

  test('an unknown zone does not stop a message', async () => {
    const { deliveries } = await app.envoyer.send(
      'alarm',
      { pager: '1', tz: 'Mars/Base' },
      { what: 'x' },
    )
    assert.equal((await app.envoyer.deliveries.get(deliveries[0]!.id)).zone, 'UTC')
  })

  test('reaching nobody is no error, and completes at once', async () => {
    const result = await app.envoyer.send('alarm', [], { what: 'x' })
    assert.equal(result.count, 0)
    assert.deepEqual(await app.envoyer.waitFor(result), { sent: 0, failed: 0, cancelled: 0 })
  })

  test('a mistake is an error with its code, and nothing is written', async () => {
    const before = await app.envoyer.deliveries.list()
    const { envoyer } = app
    const one = { pager: '1' }
    const loose = envoyer.send as (...given: unknown[]) => Promise<unknown>
    await assert.rejects(
      loose('alarum', one, { what: 'x' }),
      failsWith('event-unknown', /alarm, fire/),
    )
    await assert.rejects(loose('alarm', one, { what: 5 }), failsWith('context-invalid', /`what`/))
    await assert.rejects(
      loose('alarm', one, { what: new Date() }),
      failsWith('context-not-json', /Date/),
    )
    await assert.rejects(
      loose('alarm', one, { what: 'x', envoyer: 1 }),
      failsWith('context-invalid', /reserved/),
    )
    await assert.rejects(loose('alarm', one, 'what'), failsWith('context-invalid'))
    await assert.rejects(loose('alarm', null, { what: 'x' }), failsWith('recipients-invalid'))
    await assert.rejects(
      loose('alarm', [one, 5], { what: 'x' }),
      failsWith('recipients-invalid', /recipient 1/),
    )
    await assert.rejects(
      loose('alarm', one, { what: 'x' }, { channels: ['fax'] }),
      failsWith('channel-unknown', /fax/),
    )
    await assert.rejects(
      loose('alarm', one, { what: 'x' }, { at: 'tomorrow', key: '', wow: 1 }),
      (error: EnvoyerError) => failsWith('option-invalid')(error) && error.problems.length === 3,
    )
    await assert.rejects(
      loose('alarm', one, { what: 'x' }, { at: '2026-01-01T08:00' }),
      failsWith('option-invalid', /offset/),
    )
    const onCompleted = { event: 'fire', recipients: one, context: {} }
    await assert.rejects(
      loose('alarm', one, { what: 'x' }, { onCompleted }),
      failsWith('context-invalid', /fire/),
    )
    await assert.rejects(
      loose('alarm', one, { what: 'x' }, { database: {} }),
      failsWith('option-invalid'),
    )
    const list = envoyer.deliveries.list as (filter: object) => Promise<unknown>
    const refused: [object, RegExp][] = [
      [{ chanel: 'x' }, /no condition `chanel`; there are event, channel/],
      [{ status: 'faild' }, /`status` must be one of pending, .*, not "faild"/],
      [{ status: [] }, /or a list of them, not \[\]/],
      [{ after: 'x' }, /`after` must be an id/],
      [{ limit: -1 }, /`limit` must be .* not -1/],
      [{ limit: 5000 }, /`limit` must be a whole number from 1 to 1000, not 5000/],
      [{ since: '2026-01-01' }, /`since` must be a Date/],
    ]
    for (const [filter, why] of refused)
      await assert.rejects(list(filter), failsWith('option-invalid', why))
    assert.equal((await envoyer.deliveries.list()).length, before.length)
  })

  test('above a thousand deliveries the rest is read as it is wanted', async () => {
    const users = Array.from({ length: 2500 }, (_, n) => ({ pager: `many-${n}` }))
    const result = await app.envoyer.send('alarm', users, { what: 'flood' })
    assert.deepEqual([result.count, result.deliveries.length], [2500, 1000])
    const all = new Set<string>()
    for await (const { to } of result.all()) all.add(to)
    assert.equal(all.size, 2500)
  })

  test('the same key gives the first result; with another context it is an error', async () => {
    const options = { key: 'order:1' }
    const first = await app.envoyer.send('alarm', { pager: '1' }, { what: 'a' }, options)
    const again = await app.envoyer.send('alarm', { pager: '2' }, { what: 'a' }, options)
    assert.deepEqual(
      [again.notificationId, again.repeated, again.deliveries],
      [first.notificationId, true, first.deliveries],
    )
    await assert.rejects(
      app.envoyer.send('alarm', { pager: '1' }, { what: 'b' }, options),
      failsWith('key-reused'),
    )
    const other = await app.envoyer.send('fire', { pager: '1' }, { what: 'b' }, options)
    assert.equal(other.repeated, false)
  })

  test('the same key from twenty senders at once gives one notification', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, () =>
        app.envoyer.send('alarm', { pager: '1' }, { what: 'race' }, { key: 'race' }),
      ),
    )
    assert.equal(new Set(results.map(({ notificationId }) => notificationId)).size, 1)
    assert.equal(results.filter(({ repeated }) => !repeated).length, 1)
    assert.ok(results.every(({ count }) => count === 1))
  })

  test('an iterable is written as it comes, and goes on under its key after a failure', async () => {
    async function* people(upTo: number, failAt?: number) {
      for (let n = 0; n < upTo; n += 1) {
        if (n === failAt) throw new Error('the source broke')
        yield { pager: `p${n}` }
      }
    }
    const send = (source: AsyncIterable<{ pager: string }>) =>
      app.envoyer.send('alarm', source, { what: 'drill' }, { key: 'drill' })
    await assert.rejects(send(people(5000, 2400)), /the source broke/)
    const [begun] = await app.envoyer.deliveries.list({ event: 'alarm', to: 'p0', limit: 1 })
    // Without an end it would look again every millisecond.
    await assert.rejects(
      app.envoyer.waitFor(begun!, { timeoutMs: Number.NaN }),
      failsWith('option-invalid'),
    )
    await assert.rejects(app.envoyer.waitFor(begun!, { timeoutMs: 1 }), {
      code: 'wait-timeout',
      message: /; its `send` has not come to its end\. /,
    })
    const result = await send(people(2600))
    assert.deepEqual([result.count, result.repeated, result.skipped.total], [2600, false, 0])
    assert.equal((await send(people(10))).repeated, true)
  })

  test('the same address in two chunks of an iterable gets one delivery', async () => {
    function* people() {
      yield { pager: 'twice' }
      for (let n = 0; n < 1500; n += 1) yield { pager: `q${n}` }
      yield { pager: 'TWICE' }
    }
    const result = await app.envoyer.send('alarm', people(), { what: 'x' })
    assert.equal(result.count, 1501)
    assert.deepEqual(result.skipped.first, [
      { recipient: 1501, channel: 'pager', reason: 'duplicate-address' },
    ])
  })

  test("in the application's own transaction: written if it commits, gone if it does not", async () => {
    const { envoyer } = app
    const inside = await envoyer.transaction((database) =>
      envoyer.send('alarm', { pager: '1' }, { what: 'committed' }, { database }),
    )
    assert.equal(
      (await envoyer.deliveries.list({ notificationId: inside.notificationId })).length,
      1,
    )
    let lost = ''
    await assert.rejects(
      envoyer.transaction(async (database) => {
        lost = (await envoyer.send('alarm', { pager: '1' }, { what: 'gone' }, { database }))
          .notificationId
        throw new Error('changed my mind')
      }),
      /changed my mind/,
    )
    assert.deepEqual(await envoyer.deliveries.list({ notificationId: lost }), [])
    await assert.rejects(envoyer.waitFor(lost), failsWith('not-found'))
  })

  test('reports every problem of a configuration at once', () => {
    assert.throws(
      () =>
        createPagerEnvoyer(engine, app.backend, {
          concurrency: 0,
          timeoutMs: -1,
          surroundings: {
            zone: 'Mars/Base',
            locale: '??',
            templates: './nowhere',
            secretKey: 'short',
          },
        }),
      (error: EnvoyerError) =>
        failsWith('configuration-invalid')(error) && error.problems.length === 6,
    )
  })
})

describe('send in transactions of PostgreSQL', () => {
  test('through a pg client, and not on another database', async () => {
    const app = createPagerEnvoyer(postgres)
    const client = new pg.Client(postgresUrl())
    await client.connect()
    try {
      await client.query('BEGIN')
      const { notificationId } = await app.envoyer.send(
        'alarm',
        { pager: '1' },
        { what: 'x' },
        { database: client },
      )
      assert.deepEqual(await app.envoyer.deliveries.list({ notificationId }), [])
      await client.query('COMMIT')
      assert.equal((await app.envoyer.deliveries.list({ notificationId })).length, 1)
      await assert.rejects(
        app.envoyer.send('alarm', { pager: '1' }, { what: 'x' }, { database: client }),
        failsWith('option-invalid', /BEGIN/),
      )
      const elsewhere = new pg.Client(postgresUrl().replace(/\/[^/?]*(\?|$)/, '/template1$1'))
      await elsewhere.connect()
      await elsewhere.query('BEGIN')
      await assert.rejects(
        app.envoyer.send('alarm', { pager: '1' }, { what: 'x' }, { database: elsewhere }),
        failsWith('other-database'),
      )
      await elsewhere.end()
    } finally {
      await client.end()
      await app.envoyer.close()
    }
  })

  test("through a TypeORM EntityManager of the application's own data source", async () => {
    const app = createPagerEnvoyer(postgres)
    const source = await new DataSource({ type: 'postgres', url: postgresUrl() }).initialize()
    try {
      const { notificationId } = await source.transaction((database) =>
        app.envoyer.send('alarm', { pager: '1' }, { what: 'x' }, { database }),
      )
      assert.equal((await app.envoyer.deliveries.list({ notificationId })).length, 1)
    } finally {
      await source.destroy()
      await app.envoyer.close()
    }
  })
})

test('on the embedded database, a joined send needs nothing but the transaction that it joins', async () => {
  const app = createPagerEnvoyer({ name: 'embedded', fresh: () => ({ directory: 'memory' }) })
  const users = Array.from({ length: 1200 }, (_, n) => ({ pager: `${n}` }))
  const result = await app.envoyer.transaction((database) =>
    app.envoyer.send('alarm', users, { what: 'x' }, { database }),
  )
  let count = 0
  for await (const _ of result.all()) count += 1
  assert.equal(count, 1200)
  await app.envoyer.close()
})

test('on the embedded database, a big array is not cut off by the time limit of transactions', async () => {
  const surroundings = { transactionTimeoutMs: 1 }
  const engine = { name: 'embedded', fresh: () => ({ directory: 'memory' }) } as const
  const app = createPagerEnvoyer(engine, undefined, { surroundings })
  const users = Array.from({ length: 5000 }, (_, n) => ({ pager: `${n}` }))
  assert.equal((await app.envoyer.send('alarm', users, { what: 'x' })).count, 5000)
  await app.envoyer.close()
})

test('on the embedded database, forgetting to pass the transaction fails at once', async () => {
  const app = createPagerEnvoyer({ name: 'embedded', fresh: () => ({ directory: 'memory' }) })
  await assert.rejects(
    app.envoyer.transaction(() => app.envoyer.send('alarm', { pager: '1' }, { what: 'x' })),
    failsWith('transaction-open'),
  )
  await app.envoyer.close()
})
