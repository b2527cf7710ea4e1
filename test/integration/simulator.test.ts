import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { z } from 'zod'
import { email, smtp } from '../../channels/email/index.ts'
import { sms, twilio } from '../../channels/sms/index.ts'
import { http, webhook } from '../../channels/webhook/index.ts'
import { failover } from '../../src/channel/composite.ts'
import { delays, fixed } from '../../src/channel/retry.ts'
import { simulations } from '../../src/channel/simulations.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { defineEvent } from '../../src/event/define.ts'
import type { FailureReport } from '../../src/option/configuration.ts'
import { createTestEnvoyer } from '../../src/testing/index.ts'
import { embedded } from '../support/engines.ts'
import { createPagerEnvoyer, pager, pagerEvents, recorder } from '../support/pager.ts'
import { Folder } from '../unit/template-folder.ts'

const folder = new Folder({
  'rehearsal/email.subject.liquid': 'Fire drill',
  'rehearsal/email.text.liquid': 'Nobody needs to leave.',
  'rehearsal/sms.text.liquid': 'Fire drill',
})
after(() => folder[Symbol.dispose]())

const retry = fixed({ delayMs: 5, tries: 3, jitter: 0 })
const common = { retry, timeoutMs: 60 }
/** Nothing listens there: whatever is not simulated fails. */
const nowhere = 'http://127.0.0.1:65009'
const accountSid = `AC${'0'.repeat(32)}`
const channels = {
  email: email({ ...common, backend: smtp({ url: 'smtp://127.0.0.1:9', from: 'a@shop.example' }) }),
  sms: sms({
    ...common,
    backend: twilio({ accountSid, authToken: 'x', from: '+15005550006', baseUrl: nowhere }),
  }),
  webhook: webhook({ ...common, backend: http({ allow: ['127.0.0.1'] }) }),
  pager: pager({ ...common, backend: recorder() }),
}

const names = ['email', 'sms', 'webhook', 'pager'] as const

/** Status, tries, and the code of each failed one. */
const ends: Record<string, readonly [status: string, attempts: number, ...codes: string[]]> = {
  sent: ['sent', 1],
  'second-try': ['sent', 2, 'simulated-second-try'],
  refused: ['failed', 1, 'simulated-refused'],
  throttled: ['pending', 1, 'simulated-throttled'],
}
const thrice = (name: string) =>
  ['failed', 3, ...Array.from({ length: 3 }, () => `simulated-${name}`)] as const

describe('with `simulate`', () => {
  const failures: FailureReport[] = []
  const envoyer = createEnvoyer({
    ...embedded.fresh(),
    simulate: true,
    templates: folder.directory,
    events: { rehearsal: defineEvent({ context: z.object({}) }) },
    channels,
    onFailure: (failure) => void failures.push(failure),
  })
  before(() => envoyer.worker({ pollMs: 50 }))
  after(() => envoyer.close())

  /** A delivery once it is settled, or waits for a later time than the other retries here. */
  const ended = async (id: string) => {
    for (;;) {
      const found = await envoyer.deliveries.get(id)
      const waits = found.status === 'pending' && found.sendAt.getTime() > Date.now() + 1000
      if (waits || ['sent', 'failed'].includes(found.status)) return found
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  for (const { name, phones } of simulations) {
    test(`${name} over every channel`, { timeout: 20_000 }, async () => {
      const recipient = {
        email: `${name}+jane@simulator.example`,
        phone: `${phones}7`,
        url: `https://${name}.simulator.example/orders`,
        pager: `simulator-${name}`,
      }
      const expected = ends[name] ?? thrice(name)
      const sent = await envoyer.send('rehearsal', recipient, {}, { channels: names })
      assert.equal(sent.count, 4)
      for (const { id, channel } of sent.deliveries) {
        const found = await ended(id)
        const codes = found.failures.map(({ code }) => code)
        assert.deepEqual([found.status, found.attempts, ...codes], expected, channel)
        for (const each of found.failures) {
          assert.ok(each.text.includes(`Simulated by ${found.addressKey}`), each.text)
          if (name === 'silent') assert.ok(each.tookMs >= 55, `${each.tookMs} ms`)
        }
        if (found.status === 'sent') {
          assert.deepEqual(found.receipt, { id: `simulated-${id}`, simulated: true })
          assert.ok(found.message)
        }
        if (name === 'throttled') {
          const inMs = found.sendAt.getTime() - Date.now()
          assert.ok(inMs > 50_000 && inMs <= 60_000, `${inMs} ms`)
        }
      }
    })
  }

  test('onFailure was told of what was given up, once each', () => {
    const codes = failures.map((failure) =>
      failure.kind === 'delivery' ? failure.code : 'internal',
    )
    const given = ['refused', 'unavailable', 'silent', 'unreachable', 'unconfirmed']
    const wanted = given.flatMap((name) => names.map(() => `simulated-${name}`))
    assert.deepEqual(codes.toSorted(), wanted.toSorted())
  })

  test('a real address goes to the provider, which is not there', async () => {
    const recipient = {
      email: 'jane@shop.example',
      phone: '+447700900899',
      url: 'http://127.0.0.1:65009/refused.simulator.example',
      pager: '1',
    }
    const sent = await envoyer.send('rehearsal', recipient, {}, { channels: names })
    await envoyer.waitFor(sent, { timeoutMs: 15_000 })
    for (const { id, channel } of sent.deliveries) {
      const { receipt, failures: failed } = await envoyer.deliveries.get(id)
      if (channel === 'pager') assert.deepEqual(receipt, { id })
      else assert.equal(failed.length, 3, channel)
      for (const { code, text } of failed) assert.doesNotMatch(`${code} ${text}`, /simulated/i)
    }
  })
})

test('without `simulate` they are addresses like others', async () => {
  for (const surroundings of [{}, { simulate: false }]) {
    const { envoyer, backend } = createPagerEnvoyer(embedded, recorder(), { surroundings })
    await envoyer.worker()
    const all = simulations.map(({ name }) => ({ pager: `simulator-${name}` }))
    const sent = await envoyer.send('alarm', all, { what: 'x' })
    assert.deepEqual(await envoyer.waitFor(sent), { sent: all.length, failed: 0, cancelled: 0 })
    assert.equal(backend.sent.length, all.length)
    assert.ok(backend.sent.every(({ attempt }) => attempt === 1))
    await envoyer.close()
  }
})

test('the members of a failover neither get the message nor count as down', async () => {
  const [a, b] = [recorder(), recorder()].map((each, n) => ({ ...each, name: 'ab'[n]! }))
  const envoyer = createEnvoyer({
    ...embedded.fresh(),
    simulate: true,
    events: pagerEvents,
    channels: {
      pager: pager({
        backend: failover([a!, b!], { failures: 1, downMs: 60_000 }),
        retry: delays([5, 5], { jitter: 0 }),
      }),
    },
  })
  await envoyer.worker({ pollMs: 50 })
  const send = async (to: string) => {
    const sent = await envoyer.send('alarm', { pager: to }, { what: 'x' })
    await envoyer.waitFor(sent)
    return envoyer.deliveries.get(sent.deliveries[0]!.id)
  }
  const failed = await send('simulator-unreachable')
  assert.deepEqual([failed.status, failed.attempts, failed.backend], ['failed', 3, 'failover(a,b)'])
  assert.deepEqual([a!.sent, b!.sent], [[], []])
  const { status, backend } = await send('1')
  assert.deepEqual([status, backend], ['sent', 'a'])
  await envoyer.close()
})

test('a test envoyer simulates too, and records what is real', async () => {
  const envoyer = createTestEnvoyer({
    simulate: true,
    events: pagerEvents,
    channels: { pager: pager({ backend: recorder(), retry: delays([60_000], { jitter: 0 }) }) },
  })
  const to = ['1', 'simulator-second-try', 'simulator-refused']
  const { deliveries } = await envoyer.send(
    'alarm',
    to.map((each) => ({ pager: each })),
    {
      what: 'x',
    },
  )
  const states = () =>
    Promise.all(deliveries.map(async ({ id }) => (await envoyer.deliveries.get(id)).status))
  await envoyer.deliver()
  assert.deepEqual(await states(), ['sent', 'pending', 'failed'])
  await envoyer.advance(60_000)
  assert.deepEqual(await states(), ['sent', 'sent', 'failed'])
  await envoyer.assertSent('alarm', { to: '1', count: 1 })
  // Pretended: it reached no backend.
  assert.equal((await envoyer.sent()).length, 1)
  await envoyer.close()
})
