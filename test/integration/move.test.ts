import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { z } from 'zod'
import { createEnvoyer } from '../../src/envoyer.ts'
import { Permanent } from '../../src/errors.ts'
import { defineEvent } from '../../src/event/define.ts'
import type { Surroundings } from '../../src/option/configuration.ts'
import { temporaryDirectory, until } from '../support/database.ts'
import { freshSchema, postgresUrl } from '../support/engines.ts'
import { pager, recorder } from '../support/pager.ts'

/** An application of which everything but the database stays as it is. */
async function application() {
  const schema = freshSchema()
  const directory = await temporaryDirectory()
  const common = { schema, directory, secretKey: randomBytes(32).toString('base64') }
  const opened: { close(): Promise<void> }[] = []
  const open = (surroundings: Surroundings = {}) => {
    const backend = recorder(({ address }) => {
      if (address === 'gone') throw new Permanent('no such pager', { code: 'page-404' })
    })
    const envoyer = createEnvoyer({
      ...{ ...common, databaseUrl: '', ...surroundings },
      events: {
        alarm: defineEvent({ context: z.object({ what: z.string() }), channels: ['pager'] }),
        reset: defineEvent({
          context: z.object({ code: z.string() }),
          sensitive: ['code'],
          channels: ['pager'],
        }),
      },
      channels: { pager: pager({ backend }) },
    })
    opened.push(envoyer)
    return { envoyer, backend }
  }
  const here = { databaseUrl: '' }
  const there = { databaseUrl: postgresUrl() }
  const close = async () => {
    for (const each of opened.splice(0)) await each.close()
  }
  return { open, here, there, close, schema }
}
type App = Awaited<ReturnType<typeof application>>

/** Something in every table, in every state that lasts. */
async function fill({ open, close }: App): Promise<void> {
  const { envoyer } = open()
  const worker = await envoyer.worker({ stopOn: [] })
  const people = [{ pager: 'a', userId: 7 }, { pager: 'gone' }, { pager: 'Größe' }]
  await envoyer.waitFor(await envoyer.send('alarm', people.slice(0, 2), { what: 'fire "1"' }))
  await worker.stop()
  await envoyer.send('alarm', { pager: 'waits' }, { what: 'a' }, { key: 'once' })
  await envoyer.send('reset', { pager: 'secret' }, { code: '4711' })
  const at = new Date(Date.now() + 3_600_000)
  await envoyer.send('alarm', { pager: 'later' }, { what: 'a' }, { at })
  const many = Array.from({ length: 700 }, (_, n) => ({ pager: `later-${n}` }))
  await envoyer.send('alarm', many, { what: 'a' }, { at })
  await envoyer.templates.set('alarm', 'pager', 'text', 'Alarm: {{ what }}', { locale: 'de' })
  await envoyer.settings.set('pager', { paused: false })
  await close()
}

/** All rows of all tables as PostgreSQL writes them. */
async function contentOf({ open, close, schema }: App, surroundings: Surroundings) {
  const { envoyer } = open({ migrations: 'run', ...surroundings })
  const rows = await envoyer.transaction(async (manager) => {
    const content: Record<string, string[]> = {}
    for (const name of ['notification', 'delivery', 'attempt', 'setting', 'template', 'bucket']) {
      const found: { row: string }[] = await manager.query(
        `SELECT to_jsonb(t)::text AS row FROM ${schema}.${name} t
         WHERE to_jsonb(t) ->> 'key' IS DISTINCT FROM 'database-id' ORDER BY 1`,
      )
      content[name] = found.map(({ row }) => row)
    }
    return content
  })
  await close()
  return rows
}

test('moves from the embedded database to PostgreSQL, to the microsecond', async () => {
  const app = await application()
  await fill(app)
  const before = await contentOf(app, app.here)
  assert.deepEqual(
    Object.entries(before).filter(([name, rows]) => name !== 'bucket' && rows.length === 0),
    [],
  )
  const told: number[] = []
  const { envoyer } = app.open()
  const { rows } = await envoyer.move({
    to: postgresUrl(),
    onProgress: ({ delivery = 0 }) => told.push(delivery),
  })
  assert.equal(rows.delivery, 705)
  assert.deepEqual(told.includes(500), true)
  assert.deepEqual(await contentOf(app, app.there), before)

  // It goes on over there, and nowhere else.
  await assert.rejects(app.open().envoyer.deliveries.list(), { code: 'database-moved' })
  const next = app.open(app.there)
  await next.envoyer.worker({ stopOn: [] })
  await until(() => next.backend.sent.length === 2, 'what waited')
  assert.deepEqual(next.backend.sent.map(({ address, context }) => [address, context]).sort(), [
    ['secret', { code: '4711' }],
    ['waits', { what: 'a' }],
  ])
  const again = await next.envoyer.send('alarm', { pager: 'x' }, { what: 'a' }, { key: 'once' })
  assert.equal(again.repeated, true)
  await app.close()
})

test('what cannot be moved whole stays where it is', async () => {
  const app = await application()
  await fill(app)
  const before = await contentOf(app, app.here)
  const stop = new Error('the operator thinks better of it')
  const onProgress = () => {
    throw stop
  }
  await assert.rejects(app.open().envoyer.move({ to: postgresUrl(), onProgress }), stop)
  await app.close()
  assert.deepEqual(await contentOf(app, app.here), before)
  const empty = await contentOf(app, app.there)
  assert.deepEqual(Object.values(empty).flat(), [])

  const other = app.open(app.there)
  await other.envoyer.send('alarm', { pager: 'here' }, { what: 'a' })
  await app.close()
  const filled = app.open().envoyer.move({ to: postgresUrl() })
  await assert.rejects(filled, { code: 'database-filled' })
  await app.close()
  assert.deepEqual(await contentOf(app, app.here), before)
})

test('nothing is written where it was once it has moved', async () => {
  const app = await application()
  await fill(app)
  const { envoyer } = app.open()
  const send = (options = {}) => envoyer.send('alarm', { pager: 'late' }, { what: 'a' }, options)
  let asked: Promise<PromiseSettledResult<unknown>[]> | undefined
  let copies = false
  // Asked for while it copies, by others: they wait for the session that the copying holds.
  const others = setInterval(() => {
    if (!copies) return
    asked ??= Promise.allSettled([
      send(),
      envoyer.transaction((database) => send({ database })),
      envoyer.transaction((database) => database.query(`DELETE FROM ${app.schema}.template`)),
    ])
  })
  await envoyer.move({
    to: postgresUrl(),
    onProgress: () => {
      copies = true
    },
  })
  clearInterval(others)
  const answers = await asked!
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], ['rejected'])
  await app.close()
})

test('says what cannot be moved', async () => {
  const app = await application()
  const { envoyer } = app.open()
  await assert.rejects(envoyer.move({ to: 'mysql://x' }), { code: 'option-invalid' })
  await envoyer.worker({ stopOn: [] })
  await assert.rejects(envoyer.move({ to: postgresUrl() }), /a worker of this process/)
  await app.close()
  const server = app.open({ ...app.there, migrations: 'run' })
  await assert.rejects(server.envoyer.move({ to: postgresUrl() }), /pg_dump/)
  await app.close()
})
