import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, type TestContext, test } from 'node:test'
import { Redis } from 'ioredis'
import { z } from 'zod'
import { email, smtp } from '../../channels/email/index.ts'
import type { Backend } from '../../src/channel/backend.ts'
import { failover } from '../../src/channel/composite.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { defineEvent } from '../../src/event/define.ts'
import type { Surroundings } from '../../src/option/configuration.ts'
import { until } from '../support/database.ts'
import { embedded, freshSchema, postgres, postgresUrl, redisUrl } from '../support/engines.ts'
import { pager, recorder } from '../support/pager.ts'
import { startLine } from '../support/proxy.ts'
import { startRedis } from '../support/redis.ts'
import { startSmtp } from '../support/smtp.ts'
import { startTransactionPooler } from '../support/transaction-pooler.ts'
import { Folder } from '../unit/template-folder.ts'

type PageBackend = Backend<string, { readonly text?: string }>

const working: PageBackend = { ...recorder(), name: 'working', verify: async () => {} }

function create(t: TestContext, surroundings: Surroundings, backend: PageBackend = working) {
  const envoyer = createEnvoyer({
    ...surroundings,
    onFailure: () => {},
    events: {
      alarm: defineEvent({ context: z.object({ what: z.string() }), channels: ['pager'] }),
      ...(surroundings.secretKey
        ? {
            code: defineEvent({
              context: z.object({ pin: z.string() }),
              sensitive: true,
              channels: ['pager'],
            }),
          }
        : {}),
    },
    channels: { pager: pager({ backend }) },
  })
  t.after(() => envoyer.close())
  const look = async () => {
    const findings = await envoyer.doctor()
    return {
      findings,
      levels: Object.fromEntries(findings.map(({ check, level }) => [check, level])),
      of: (check: string) => findings.find((finding) => finding.check === check)!,
      text: JSON.stringify(findings),
    }
  }
  return { envoyer, look }
}

const newKey = () => randomBytes(32).toString('base64')
const keyIdIn = (text: string) => /key ([0-9a-f]{8})/.exec(text)![1]!

/** The test's PostgreSQL asks for none: one that must not be seen. */
function withPassword(url: string, port?: number): string {
  const parsed = new URL(url)
  parsed.password = 'pass%2Fword'
  if (port !== undefined) parsed.port = String(port)
  return parsed.href
}

describe('doctor', () => {
  test('finds nothing wrong where nothing is, and says what it has seen', async (t) => {
    const server = await startSmtp()
    t.after(() => server.close())
    const secretKey = newKey()
    const envoyer = createEnvoyer({
      ...postgres.fresh(),
      databaseUrl: withPassword(postgresUrl()),
      redisUrl: redisUrl(),
      secretKey,
      events: { alarm: defineEvent({ context: z.object({ what: z.string() }) }) },
      channels: {
        email: email({ backend: smtp({ url: server.url, from: 'a@shop.example' }) }),
        pager: pager({ backend: working }),
      },
    })
    t.after(() => envoyer.close())
    await envoyer.migrate()
    await envoyer.templates.set('alarm', 'email', 'subject', 'Alarm')
    await envoyer.templates.set('alarm', 'email', 'text', '{{ what }}')
    await envoyer.worker({ stopOn: [] })
    await until(async () => (await envoyer.status()).workers.length === 1, 'a sign of the worker')
    const findings = await envoyer.doctor()
    assert.deepEqual(
      findings.map(({ check, level }) => `${check} ${level}`),
      [
        ...['configuration ok', 'database ok', 'schema ok', 'notify ok', 'worker ok'],
        ...[
          'prepared-statements ok',
          'clock ok',
          'secret-key ok',
          'redis ok',
          'templates ok',
          'backend:email ok',
        ],
        ...['dkim skipped', 'unsubscribe skipped', 'backend:pager ok'],
      ],
    )
    for (const { tookMs, message } of findings) {
      assert.ok(Number.isInteger(tookMs) && message.length > 10)
    }
    const text = JSON.stringify(findings)
    const passwords = [decodeURIComponent(new URL(redisUrl()).password), 'pass/word', 'pass%2Fword']
    for (const secret of [secretKey, ...passwords]) assert.ok(!text.includes(secret))
    assert.match(text, /PostgreSQL \d+.* answers at 127\.0\.0\.1:\d+/)
    assert.equal(server.mails.length, 0)
  })

  test('looks at the embedded database too', async (t) => {
    const { envoyer, look } = create(t, embedded.fresh())
    // Making it takes as long as the machine is busy; the look is at one that is open.
    await envoyer.deliveries.list()
    assert.deepEqual((await look()).levels, {
      ...{ configuration: 'ok', database: 'ok', schema: 'ok', notify: 'ok', templates: 'ok' },
      worker: 'warning',
      ...{ 'secret-key': 'skipped', redis: 'skipped', 'backend:pager': 'ok' },
    })
  })

  test('tells of a database that cannot be reached, and looks at all else', async (t) => {
    const line = await startLine({ port: Number(new URL(postgresUrl()).port) })
    t.after(() => line.close())
    line.become('refuse')
    const databaseUrl = withPassword(postgresUrl(), line.port)
    const { look } = create(t, { databaseUrl, redisUrl: 'redis://:guessed@127.0.0.1:1/0' })
    const { levels, of, text } = await look()
    assert.deepEqual(levels, {
      ...{ configuration: 'ok', database: 'error', schema: 'skipped', notify: 'skipped' },
      worker: 'skipped',
      ...{ 'prepared-statements': 'skipped', clock: 'skipped', 'secret-key': 'skipped' },
      ...{ redis: 'error', templates: 'ok', 'backend:pager': 'ok' },
    })
    assert.match(of('database').remedy!, /ENVOYER_DATABASE_URL/)
    assert.match(of('redis').message, /ECONNREFUSED/)
    assert.match(of('redis').remedy!, /ENVOYER_REDIS_URL/)
    assert.doesNotMatch(text, /pass(%2F|\/)word|guessed/)
  })

  test('what hangs or throws is told, and keeps nothing else', async (t) => {
    const line = await startLine({ port: Number(new URL(postgresUrl()).port) })
    t.after(() => line.close())
    line.become('silent')
    const secret = newKey()
    const hanging: PageBackend = {
      ...working,
      verify: () => new Promise(() => {}),
      checks: () => [
        { name: 'account', look: () => Promise.reject(new Error(`closed, says ${secret}`)) },
        { name: 'sender', look: async () => ({ level: 'ok', message: 'known' }) },
      ],
    }
    const databaseUrl = withPassword(postgresUrl(), line.port)
    const { look } = create(t, { databaseUrl, secretKey: secret }, hanging)
    const began = performance.now()
    const { levels, of } = await look()
    assert.ok(performance.now() - began < 9000, 'one after the other')
    assert.match(of('backend:pager').message, /no answer within 5 s/)
    assert.deepEqual([levels.database, levels.schema], ['error', 'skipped'])
    assert.deepEqual([levels.account, levels.sender, levels.templates], ['error', 'ok', 'ok'])
    assert.equal(of('account').message, 'closed, says ***')
    assert.equal(of('sender').message, 'pager: known')
  })

  test('tells which tables are missing, and the command', async (t) => {
    const fresh = { databaseUrl: postgresUrl(), schema: freshSchema() }
    const { envoyer, look } = create(t, fresh)
    const { of, levels } = await look()
    assert.equal(of('schema').level, 'error')
    assert.match(of('schema').message, /outbox/i)
    assert.match(of('schema').remedy!, /`envoyer migrate`/)
    assert.deepEqual(
      [levels['secret-key'], levels.templates, levels.notify],
      ['skipped', 'ok', 'ok'],
    )
    await envoyer.migrate()
    assert.equal((await look()).levels.schema, 'ok')
  })

  test('notices a pooler in transaction mode, and says what still works', async (t) => {
    const pooler = await startTransactionPooler(postgresUrl())
    t.after(() => pooler.close())
    const surroundings = { ...postgres.fresh(), databaseUrl: pooler.url(postgresUrl()) }
    const { look } = create(t, surroundings)
    const { of, levels } = await look()
    assert.equal(of('notify').level, 'warning')
    assert.match(of('notify').message, /at least once a second/)
    assert.equal(of('prepared-statements').level, 'warning')
    assert.match(of('prepared-statements').remedy!, /max_prepared_statements/)
    assert.deepEqual([levels.database, levels.clock], ['ok', 'ok'])
  })

  test('warns of a clock that is wrong', async (t) => {
    const { look } = create(t, postgres.fresh())
    const now = Date.now
    t.mock.method(Date, 'now', () => now() - 60_000)
    const { of } = await look()
    assert.equal(of('clock').level, 'warning')
    assert.match(of('clock').message, /clock is (59\.9|60\.\d) s behind/)
  })

  test('warns of a Redis that may throw keys away', async (t) => {
    const redis = await startRedis()
    t.after(() => redis.stop())
    const client = new Redis(redis.url())
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru')
    client.disconnect()
    const { look } = create(t, { ...postgres.fresh(), redisUrl: redis.url() })
    const { of } = await look()
    assert.equal(of('redis').level, 'warning')
    assert.match(of('redis').message, /allkeys-lru/)
    assert.match(of('redis').remedy!, /noeviction/)
  })

  test('tells which keys the messages that wait need', async (t) => {
    const [first, second] = [newKey(), newKey()]
    const fresh = postgres.fresh()
    const before = create(t, { ...fresh, secretKey: first })
    const at = new Date(Date.now() + 3_600_000)
    await before.envoyer.send('code' as never, { pager: 'a' } as never, { pin: '1' } as never, {
      at,
    })
    const old = keyIdIn((await before.look()).of('secret-key').message)

    const rotated = (await create(t, { ...fresh, secretKey: [second, first] }).look()).of(
      'secret-key',
    )
    assert.equal(rotated.level, 'ok')
    assert.match(
      rotated.message,
      new RegExp(`Older ones are there: ${old}; messages that wait need`),
    )

    const lost = (await create(t, { ...fresh, secretKey: second }).look()).of('secret-key')
    assert.equal(lost.level, 'error')
    assert.match(lost.message, new RegExp(`not configured: ${old}`))
    const none = (await create(t, fresh).look()).of('secret-key')
    assert.equal(none.level, 'error')
    const idle = await create(t, { ...postgres.fresh(), secretKey: [second, first] }).look()
    assert.match(idle.of('secret-key').message, new RegExp(`no message that waits needs ${old}`))
  })

  test('tells what is wrong with templates, of files and of the database', async (t) => {
    using folder = new Folder({ 'alarm/pager.text.liquid': 'One\n{{ what | gone }}' })
    const { envoyer, look } = create(t, { ...postgres.fresh(), templates: folder.directory })
    assert.equal((await look()).of('templates').level, 'error')
    assert.match((await look()).of('templates').message, /alarm\/pager\.text\.liquid:2: /)
    await envoyer.templates.set('alarm', 'pager', 'text', '{{ wat }}')
    const { of } = await look()
    assert.equal(of('templates').level, 'warning')
    assert.match(of('templates').message, /\(override\):1: .*wat/)
  })

  test('tells of a channel that no event has templates for', async (t) => {
    const envoyer = createEnvoyer({
      ...embedded.fresh(),
      events: { alarm: defineEvent({ context: z.object({ what: z.string() }) }) },
      channels: {
        pager: pager({ backend: working }),
        email: email({ backend: smtp({ url: 'smtp://127.0.0.1:9', from: 'a@shop.example' }) }),
      },
    })
    t.after(() => envoyer.close())
    const templates = async () =>
      (await envoyer.doctor()).find(({ check }) => check === 'templates')!
    assert.equal((await templates()).level, 'warning')
    assert.match((await templates()).message, /^No event has templates for email: /)
    await envoyer.templates.set('alarm', 'email', 'subject', 'Alarm')
    await envoyer.templates.set('alarm', 'email', 'text', '{{ what }}')
    assert.equal((await templates()).level, 'ok')
  })
})

describe('verify', () => {
  const failing: PageBackend = {
    ...recorder(),
    name: 'failing',
    verify: () => Promise.reject(new Error('who are you?')),
  }

  test('throws what the backend says, and tells whether it can say anything', async (t) => {
    const of = (backend: PageBackend) =>
      create(t, embedded.fresh(), backend).envoyer.verify('pager')
    assert.deepEqual(await of(working), { supported: true })
    assert.deepEqual(await of(recorder()), { supported: false })
    await assert.rejects(of(failing), /^Error: who are you\?$/)
    const { envoyer } = create(t, embedded.fresh())
    await assert.rejects(envoyer.verify('gone' as 'pager'), { code: 'channel-unknown' })
  })

  test('of a backend made of backends names those that fail', async (t) => {
    const of = (...members: PageBackend[]) =>
      create(t, embedded.fresh(), failover(members)).envoyer.verify('pager')
    await assert.rejects(of(failing, working), { message: 'failing: who are you?' })
    assert.deepEqual(await of(working, recorder()), { supported: true })
    assert.deepEqual(await of(recorder(), { ...recorder(), name: 'other' }), { supported: false })
  })

  test('does not wait for ever', async (t) => {
    const hanging: PageBackend = { ...working, verify: () => new Promise(() => {}) }
    const envoyer = createEnvoyer({
      ...embedded.fresh(),
      events: { alarm: defineEvent({ context: z.object({ what: z.string() }) }) },
      channels: { pager: pager({ backend: hanging, timeoutMs: 50 }) },
    })
    t.after(() => envoyer.close())
    await assert.rejects(envoyer.verify('pager'), { code: 'timeout' })
  })
})
