import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { EnvoyerError } from '../../src/errors.ts'
import { live, ready } from '../../src/monitor/health.ts'
import type { Pulse } from '../../src/monitor/pulse.ts'
import { type MonitorServer, serveMonitor } from '../../src/monitor/server.ts'
import { freePort } from '../support/free-port.ts'

const pulse = (
  facts: Partial<Record<'silent' | 'blind' | 'at', number>>,
  stopping = false,
): Pulse => ({
  everyMs: 1000,
  beat() {},
  stop() {},
  stopping,
  silentMs: () => facts.silent ?? 0,
  blindMs: () => facts.blind ?? 0,
  lastSuccessAt: () => (facts.at === -1 ? undefined : Date.now()),
})
const parts = (pulses: Pulse[], database: () => Promise<unknown> = async () => {}) => ({
  pulses: () => pulses,
  database,
})

describe('health', () => {
  test('a process lives as long as its workers look, whatever they see', () => {
    assert.deepEqual(live(parts([pulse({ silent: 59_000, blind: 900_000 })])), {
      ok: true,
      reasons: [],
    })
    assert.equal(live(parts([])).ok, true)
    assert.deepEqual(live(parts([pulse({}), pulse({ silent: 61_000 })])), {
      ok: false,
      reasons: ['a worker has not looked for work for 61 s'],
    })
  })

  test('it is ready while a worker sees the outbox and the database answers', async () => {
    assert.deepEqual(await ready(parts([pulse({ blind: 2000 })])), { ok: true, reasons: [] })
    const reasonsOf = async (...given: Parameters<typeof parts>) =>
      (await ready(parts(...given))).reasons
    assert.deepEqual(await reasonsOf([]), ['no worker runs in this process'])
    assert.deepEqual(await reasonsOf([pulse({ at: -1 })]), ['a worker has not looked for work yet'])
    assert.deepEqual(await reasonsOf([pulse({ blind: 11_000 })]), [
      'a worker has not seen the outbox for 11 s',
    ])
    assert.deepEqual(await reasonsOf([pulse({}, true)]), ['a worker is stopping'])
    const secret = async () => {
      throw new Error('postgres://envoyer:hush@db')
    }
    assert.deepEqual(await reasonsOf([pulse({})], secret), [
      'the database did not answer within 1 s',
    ])
    const silent = () => new Promise(() => {})
    assert.deepEqual(await reasonsOf([pulse({})], silent), [
      'the database did not answer within 1 s',
    ])
  })
})

describe('the server', () => {
  let port: number
  let server: MonitorServer
  let broken = false
  before(async () => {
    port = await freePort()
    server = await serveMonitor(
      { port, host: '127.0.0.1', path: '/metrics' },
      {
        async metrics() {
          if (broken) throw new Error('postgres://envoyer:hush@db')
          return 'x 1\n'
        },
        live: () => ({ ok: true, reasons: [] }),
        ready: async () => ({ ok: false, reasons: ['no worker'] }),
      },
    )
  })
  after(() => server.close())
  const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${port}${path}`, { method })

  test('answers what it has, and nothing else', async () => {
    const answer = await get('/metrics?x=1')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    assert.equal(await answer.text(), 'x 1\n')
    assert.deepEqual(await (await get('/health/live')).json(), { ok: true, reasons: [] })
    const unready = await get('/health/ready')
    assert.equal(unready.status, 503)
    assert.deepEqual(await unready.json(), { ok: false, reasons: ['no worker'] })
    for (const path of ['/', '/metrics/', '/health', '/constructor', '/__proto__', '/..%2f']) {
      assert.equal((await get(path)).status, 404, path)
    }
    const posted = await get('/metrics', 'POST')
    assert.equal(posted.status, 405)
    assert.equal(posted.headers.get('allow'), 'GET, HEAD')
    const head = await get('/metrics', 'HEAD')
    assert.deepEqual([head.status, await head.text()], [200, ''])
  })

  test('says nothing of what failed', async () => {
    broken = true
    const answer = await get('/metrics')
    broken = false
    assert.deepEqual([answer.status, await answer.text()], [500, 'this could not be read\n'])
  })

  test('closes though a connection is open', async () => {
    const own = await freePort()
    const pages = { metrics: async () => '', live: () => ({ ok: true, reasons: [] }) }
    const ready = async () => ({ ok: true, reasons: [] })
    const other = await serveMonitor(
      { port: own, host: '127.0.0.1', path: '/m' },
      { ...pages, ready },
    )
    const socket = connect(own, '127.0.0.1').on('error', () => {})
    await new Promise((resolve) => socket.once('connect', resolve))
    const ended = new Promise((resolve) => socket.once('close', resolve))
    await other.close()
    await ended
  })

  test('names the port that it cannot have', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port: own } = taken.address() as { port: number }
    const pages = { metrics: async () => '', live: () => ({ ok: true, reasons: [] }) }
    const ready = async () => ({ ok: true, reasons: [] })
    await assert.rejects(
      serveMonitor({ port: own, host: '127.0.0.1', path: '/m' }, { ...pages, ready }),
      (error) =>
        error instanceof EnvoyerError &&
        error.code === 'monitor-port' &&
        error.message.includes(`127.0.0.1:${own} (EADDRINUSE)`),
    )
    taken.close()
  })
})
