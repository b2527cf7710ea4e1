import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { z } from 'zod'
import { delays } from '../../src/channel/retry.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { DeliveryError, Permanent } from '../../src/errors.ts'
import { defineEvent } from '../../src/event/define.ts'
import { embedded, onEveryEngine, postgresUrl } from '../support/engines.ts'
import { type Line, lineLog } from '../support/line-log.ts'
import { pager, pagerEvents, recorder } from '../support/pager.ts'
import { startLine } from '../support/proxy.ts'

const until = async (what: string, holds: () => boolean) => {
  for (let n = 0; !holds(); n += 1) {
    assert.ok(n < 200, `waited for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** What must stand nowhere: each where a log could take it from. */
const marks = {
  address: 'marked-address',
  context: 'marked-context',
  sensitive: 'marked-sensitive',
  user: 'marked-user',
  provider: 'marked-provider-words',
  code: 'marked provider code',
  listener: 'marked-listener',
  key: randomBytes(32).toString('base64'),
}

/** A whole life, with everything that goes wrong in one. */
async function live(surroundings: object, loud: Line[]) {
  const backend = recorder(({ address, attempt }) => {
    if (address.endsWith('-2')) {
      throw new Permanent(`${marks.provider} ${address}`, { code: 'unknown-number' })
    }
    if (attempt === 1) throw new DeliveryError(marks.provider, { code: `${marks.code} ${address}` })
  })
  const context = z.object({ what: z.string(), token: z.string() })
  const envoyer = createEnvoyer({
    ...surroundings,
    secretKey: marks.key,
    events: {
      alarm: defineEvent({ context, channels: ['pager'] }),
      reset: defineEvent({ context, channels: ['pager'], sensitive: ['token'] }),
    },
    channels: { pager: pager({ backend, retry: delays([20, 20], { jitter: 0 }) }) },
  })
  const text = () => loud.map(({ text }) => text)
  try {
    envoyer.on('delivery:sent', () => {
      throw new Error(`${marks.listener} ${marks.address}`)
    })
    const worker = await envoyer.worker({ stopOn: [], pollMs: 50 })
    const given = { what: marks.context, token: marks.sensitive }
    for (const event of ['alarm', 'reset'] as const) {
      const result = await envoyer.send(
        event,
        ['1', '2'].map((n) => ({ pager: `${marks.address}-${n}`, userId: marks.user })),
        given,
      )
      assert.deepEqual(await envoyer.waitFor(result), { sent: 1, failed: 1, cancelled: 0 })
    }
    const broken = { what: marks.context, token: 1 } as never
    await assert.rejects(envoyer.send('alarm', { pager: marks.address }, broken))
    await envoyer.settings.set('pager', { paused: true })
    await until('pause', () => text().includes('channel paused'))
    await envoyer.settings.set('pager', { paused: false })
    await until('resume', () => text().includes('channel resumed'))
    await worker.stop()
  } finally {
    await envoyer.close()
  }
}

onEveryEngine('the log', (engine) => {
  test('tells a whole life, and nothing of an address, a context, a secret or a provider’s words', async () => {
    const { logger, lines } = lineLog()
    await live({ ...engine.fresh(), logger }, lines)
    const loud = lines.filter(({ level }) => level !== 'debug')
    const said = [...new Set(loud.map(({ level, text }) => `${level} ${text}`))].sort()
    assert.deepEqual(said, [
      'error internal error',
      'info channel paused',
      'info channel resumed',
      'info worker started',
      'info worker stopped',
      'warn delivery failed',
    ])
    const written = inspect(loud, { depth: 10 })
    for (const [name, mark] of Object.entries(marks)) {
      assert.ok(!written.includes(mark), `${name}: ${written}`)
    }
    const failed = loud.filter(({ text }) => text === 'delivery failed').map(({ fields }) => fields)
    assert.deepEqual(
      failed.map(({ event, channel, code, attempt, module }) => [
        ...[event, channel, code, attempt, module],
      ]),
      ['alarm', 'reset'].map((event) => [event, 'pager', 'unknown-number', 1, 'envoyer']),
    )
    const debug = lines.filter(({ level }) => level === 'debug')
    const codes = debug
      .filter(({ text }) => text === 'delivery will be tried again')
      .map(({ fields }) => fields.code)
    assert.deepEqual(codes, ['other', 'other'], 'a code that is none is not repeated')
    assert.ok(debug.some(({ text }) => text === 'deliveries claimed'))
    assert.ok(debug.some(({ text }) => text === 'delivery sent'))
  })
})

test('says that the database is lost, once, and that it is back', async () => {
  const url = new URL(postgresUrl())
  const line = await startLine({ host: url.hostname, port: Number(url.port) })
  url.host = `127.0.0.1:${line.port}`
  const { logger, lines } = lineLog()
  const envoyer = createEnvoyer({
    databaseUrl: url.href,
    schema: `test_${randomBytes(6).toString('hex')}`,
    migrations: 'run',
    logger,
    onFailure() {},
    events: pagerEvents,
    channels: { pager: pager({ backend: recorder() }) },
  })
  const count = (text: string) => lines.filter((each) => each.text === text).length
  try {
    await envoyer.worker({ stopOn: [], pollMs: 50 })
    line.become('refuse')
    await until('lost', () => count('database lost') > 0)
    await until('more than one look', () => count('internal error') > 3)
    line.become('pass')
    await until('back', () => count('database back') > 0)
    assert.deepEqual([count('database lost'), count('database back')], [1, 1])
    assert.doesNotMatch(inspect(lines.filter(({ level }) => level !== 'debug')), /postgres:\/\//)
  } finally {
    await envoyer.close()
    await line.close()
  }
})

test('a logger is checked, and one that throws ends nothing', async () => {
  const make = (logger: object) =>
    createEnvoyer({
      ...embedded.fresh(),
      logger: logger as never,
      events: pagerEvents,
      channels: { pager: pager({ backend: recorder() }) },
    })
  assert.throws(() => make({ info() {} }), /`logger` must have the functions debug, warn, error/)
  const full = () => {
    throw new Error('the disk is full')
  }
  const envoyer = make({ debug: full, info: full, warn: full, error: full })
  try {
    await envoyer.worker({ stopOn: [] })
    const result = await envoyer.send('alarm', { pager: '1' }, { what: 'x' })
    assert.equal((await envoyer.waitFor(result)).sent, 1)
  } finally {
    await envoyer.close()
  }
})
