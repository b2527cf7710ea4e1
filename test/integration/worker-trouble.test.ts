import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Channel } from '../../src/channel/channel.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { Permanent, RetryAfter } from '../../src/errors.ts'
import { defineEvent } from '../../src/event/define.ts'
import type { Claimed } from '../../src/outbox/claimed.ts'
import { settle } from '../../src/outbox/settle.ts'
import type { Ended, Hold } from '../../src/worker/contract.ts'
import { createLeases } from '../../src/worker/leases.ts'
import { createSettler } from '../../src/worker/settler.ts'
import { createSending, createStart } from '../../src/worker/start.ts'
import { onEveryEngine } from '../support/engines.ts'
import { asSent, openBare } from '../support/outbox.ts'
import { createPagerEnvoyer, pager, pagerEvents, recorder } from '../support/pager.ts'

onEveryEngine('a worker in trouble', (engine) => {
  test('writes down a receipt with characters that PostgreSQL cannot hold', async () => {
    const bare = await openBare(engine)
    try {
      await bare.write(2)
      const { claimed } = await bare.claim()
      const half = '\ud83d'
      const receipt = { cut: `a${half}`, nul: 'b\u0000', path: 'C:\\u0000\\ud83d', whole: '😀' }
      const [first, second] = claimed.map(asSent)
      const settled = await settle(bare.outbox, bare.database, [{ ...first!, receipt }, second!])
      assert.equal(settled.ids.size, 2)
      const [row] = await bare.database.execute<{ receipt: unknown }>(
        `SELECT receipt FROM ${bare.outbox.schema}.delivery WHERE id = $1`,
        [first!.id],
      )
      assert.deepEqual(row!.receipt, {
        cut: 'a\ufffd',
        nul: 'b\ufffd',
        path: 'C:\\u0000\\ud83d',
        whole: '😀',
      })
    } finally {
      await bare.close()
    }
  })

  test('gives back untried what it claimed when the answer comes after the end of the lease', async () => {
    const bare = await openBare(engine)
    const fail = (error: Error) => assert.fail(error)
    const leaseMs = 1000
    const leases = createLeases(
      leaseMs,
      async () => ({ renewed: new Set(), busy: new Set() }),
      fail,
    )
    try {
      await bare.write(1)
      const { claimed } = await bare.claim()
      const parts = {
        ...{ outbox: bare.outbox, database: bare.database, onError: fail },
        deliver: async (_: Claimed, hold: Hold) => (hold.held() ? assert.fail() : undefined),
      }
      const keeping = {
        ...{ leases, sending: createSending() },
        settler: createSettler<Ended>(async () => () => {}, fail, { keyOf: () => '' }),
      }
      const start = createStart(parts, { timeoutMs: 1000 } as Channel, keeping)
      await start(claimed[0]!, performance.now() - leaseMs)
      const [row] = await bare.rows()
      assert.deepEqual([row!.status, row!.attempts, row!.turn], ['pending', 0, 1])
    } finally {
      leases.stop()
      await bare.close()
    }
  })

  test('a retry policy that throws fails its delivery and holds up no other', async () => {
    const { envoyer, internal } = createPagerEnvoyer(
      engine,
      recorder(({ address }) => {
        if (address === 'bad') throw new Error('no line')
      }),
      {
        retry: () => {
          throw new Error('a bug in the policy')
        },
      },
    )
    try {
      await envoyer.worker({ pollMs: 20 })
      const result = await envoyer.send('alarm', [{ pager: 'bad' }, { pager: 'good' }], {
        what: 'x',
      })
      assert.deepEqual(await envoyer.waitFor(result), { sent: 1, failed: 1, cancelled: 0 })
      const [failed] = await envoyer.deliveries.list({ status: 'failed' })
      assert.match(String(failed!.errorText), /no line[\s\S]*a bug in the policy/)
      assert.deepEqual(internal(), [])
    } finally {
      await envoyer.close()
    }
  })

  test('what cannot be rendered says so, and names no backend: none had it', async () => {
    const { envoyer, backend, internal } = createPagerEnvoyer(engine)
    try {
      await envoyer.templates.set(
        'alarm',
        'pager',
        'text',
        '{% for n in (1..9999999) %}x{% endfor %}',
      )
      await envoyer.worker({ pollMs: 20 })
      const result = await envoyer.send('alarm', { pager: '1' }, { what: 'x' })
      assert.equal((await envoyer.waitFor(result)).failed, 1)
      const {
        errorCode,
        backend: had,
        failures,
      } = await envoyer.deliveries.get(result.deliveries[0]!.id)
      assert.deepEqual([errorCode, had], ['render-failed', null])
      assert.ok(failures.every((each) => each.code === 'render-failed' && each.backend === null))
      assert.deepEqual([backend.sent.length, internal()], [0, []])
    } finally {
      await envoyer.close()
    }
  })

  test('rests while more lanes than one claim sees are held back', async () => {
    let calls = 0
    const { envoyer } = createPagerEnvoyer(
      engine,
      recorder(() => {
        calls += 1
        if (calls === 1)
          throw new RetryAfter(60_000, 'slow down', { code: 'busy', scope: 'backend' })
      }),
      { concurrency: 1 },
    )
    try {
      await envoyer.send('alarm', { pager: 'first' }, { what: 'x' })
      await envoyer.worker({ pollMs: 100 })
      while (calls === 0) await sleep(10)
      for (let n = 0; n < 100; n += 1) await envoyer.send('alarm', { pager: `${n}` }, { what: 'x' })
      const before = process.cpuUsage()
      await sleep(1500)
      const { user, system } = process.cpuUsage(before)
      assert.equal(calls, 1)
      // Claims without a pause keep a processor busy all the time.
      assert.ok((user + system) / 1000 < 750, `${(user + system) / 1000} ms of work in 1500 ms`)
    } finally {
      await envoyer.close()
    }
  })

  test('settles what was sent although what is to follow it cannot be sent', async () => {
    const { envoyer, backend, internal } = createPagerEnvoyer(engine)
    try {
      await envoyer.worker({ pollMs: 50 })
      const context = { what: 'all told' }
      const onCompleted = { event: 'fire', recipients: [5 as never], context } as const
      const result = await envoyer.send('alarm', { pager: '1' }, { what: 'x' }, { onCompleted })
      assert.equal((await envoyer.waitFor(result, { timeoutMs: 5000 })).sent, 1)
      assert.deepEqual(
        internal().map(({ error }) => (error as Error & { code?: string }).code),
        ['recipients-invalid'],
      )
      assert.equal(backend.sent.length, 1)
    } finally {
      await envoyer.close()
    }
  })

  test('settles a try, whatever the backend throws', async () => {
    const circle: Record<string, unknown> = { status: 400 }
    circle.request = { response: circle }
    const thrown: Record<string, [unknown, code: string, text: RegExp]> = {
      circle: [circle, 'error', /^Thrown: .*status: 400/s],
      bigint: [{ status: 400n }, 'error', /^Thrown: .*400n/],
      nothing: [undefined, 'error', /^Thrown: undefined/],
      long: [new Permanent('no', { code: 'e'.repeat(8000) }), 'e'.repeat(200), /^no/],
    }
    const { envoyer, internal } = createPagerEnvoyer(
      engine,
      recorder(({ address }) => {
        throw thrown[address]![0]
      }),
      { retry: () => null },
    )
    const to = Object.keys(thrown).map((name) => ({ pager: name }))
    const sent = await envoyer.send('alarm', to, { what: 'x' })
    await envoyer.worker({ stopOn: [] })
    assert.equal((await envoyer.waitFor(sent, { timeoutMs: 5000 })).failed, to.length)
    for (const { id, to } of sent.deliveries) {
      const { failures } = await envoyer.deliveries.get(id)
      const [, code, text] = thrown[to]!
      assert.deepEqual([to, failures.length, failures[0]?.code], [to, 1, code])
      assert.match(failures[0]!.text, text)
    }
    assert.deepEqual(internal(), [])
    await envoyer.close()
  })

  test('settles what was sent, whatever the schema of what follows throws', async () => {
    let throws: string | undefined
    const what = z.string().refine(() => {
      // As the client of a database of the application's own does.
      if (throws) throw Object.assign(new Error('not ours'), { code: throws })
      return true
    })
    const failures: unknown[] = []
    const envoyer = createEnvoyer({
      ...engine.fresh(),
      events: {
        alarm: pagerEvents.alarm,
        next: defineEvent({ context: z.object({ what }), channels: ['pager'] }),
      },
      channels: { pager: pager({ backend: recorder() }) },
      onFailure: (failure) => void failures.push(failure),
    })
    const onCompleted = {
      event: 'next',
      recipients: { pager: '2' },
      context: { what: 'y' },
    } as const
    await envoyer.worker({ stopOn: [] })
    for (const code of ['40001', '57P01', '53100', 'closed']) {
      throws = undefined
      await envoyer.settings.set('pager', { paused: true })
      const sent = await envoyer.send('alarm', { pager: '1' }, { what: 'x' }, { onCompleted })
      throws = code
      failures.length = 0
      await envoyer.settings.set('pager', { paused: false })
      assert.equal((await envoyer.waitFor(sent, { timeoutMs: 3000 })).sent, 1, code)
      assert.equal(failures.length, 1, code)
    }
    await envoyer.close()
  })

  test('a check of the context that never ends is given up with its try', async () => {
    let hangs = false
    const what = z.string().refine(async (text) => {
      if (hangs && text === 'slow') await new Promise(() => {})
      return true
    })
    const backend = recorder()
    const envoyer = createEnvoyer({
      ...engine.fresh(),
      events: { alarm: defineEvent({ context: z.object({ what }), channels: ['pager'] }) },
      channels: { pager: pager({ backend, timeoutMs: 100, concurrency: 2, retry: () => null }) },
    })
    const slow = await envoyer.send('alarm', [{ pager: 'a' }, { pager: 'b' }], { what: 'slow' })
    hangs = true
    await envoyer.worker({ stopOn: [] })
    const fine = await envoyer.send('alarm', { pager: 'other' }, { what: 'fine' })
    assert.equal((await envoyer.waitFor(fine, { timeoutMs: 5000 })).sent, 1)
    assert.equal((await envoyer.waitFor(slow, { timeoutMs: 5000 })).failed, 2)
    const { failures } = await envoyer.deliveries.get(slow.deliveries[0]!.id)
    assert.equal(failures[0]?.code, 'timeout')
    await envoyer.close()
  })
})
