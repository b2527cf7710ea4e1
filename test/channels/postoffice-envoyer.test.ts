import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { postoffice, postofficeServer } from '../../channels/postoffice/index.ts'
import { delays } from '../../src/channel/retry.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { defineEvent } from '../../src/event/define.ts'
import { startPostoffice } from '../support/postoffice.ts'
import { Folder } from '../unit/template-folder.ts'

const context = z.object({
  orderId: z.string(),
  shippedAt: z.iso.datetime().transform((text) => new Date(text)),
})
const shipped = { orderId: '1042', shippedAt: '2026-11-20T10:00:00Z' }

test('without a template: the context as it was given, to each topic', async () => {
  await using server = await startPostoffice()
  await using envoyer = createEnvoyer({
    events: {
      'order-shipped': defineEvent({
        context,
        channels: ['postoffice'],
        channelOptions: { postoffice: { attributes: { source: 'shop', test: false } } },
      }),
    },
    channels: { postoffice: postoffice({ backend: postofficeServer({ url: server.url }) }) },
    directory: 'memory',
  })
  const topics = [{ topic: 'orders' }, { topic: ' mail ' }, { topic: 'orders' }, { topic: '' }, {}]
  const result = await envoyer.send(
    'order-shipped',
    [...topics, { topic: 'x'.repeat(101) }],
    shipped,
    { channelOptions: { postoffice: { attributes: { attempt: 7, source: 'call' } } } },
  )
  assert.deepEqual(
    result.skipped.first.map(({ reason }) => reason),
    ['duplicate-address', 'no-address', 'no-address', 'invalid-address'],
  )
  await envoyer.worker()
  const { sent, failed } = await envoyer.waitFor(result)
  assert.deepEqual([sent, failed], [2, 0])
  const attributes = { source: 'call', test: 'false', attempt: '7' }
  assert.deepEqual(
    server.messages
      .map(({ topic, payload, attributes }) => ({ topic, payload, attributes }))
      .sort((a, b) => (a.topic < b.topic ? -1 : 1)),
    [
      { topic: 'mail', payload: shipped, attributes },
      { topic: 'orders', payload: shipped, attributes },
    ],
  )
  const [delivery] = await envoyer.deliveries.list({ to: 'orders' })
  const { receipt } = await envoyer.deliveries.get(delivery!.id)
  const taken = server.messages.find(({ topic }) => topic === 'orders')
  assert.deepEqual(receipt, { id: String(taken?.ids[0]), ids: taken?.ids })
})

test('with templates: what they render, in a few bulk requests for many messages', async () => {
  await using server = await startPostoffice()
  using folder = new Folder({
    'order-shipped/postoffice.payload.liquid':
      '{"order": {{ orderId | json }}, "day": "{{ shippedAt | date: "%Y-%m-%d" }}"}\n',
    'order-shipped/postoffice.attributes.liquid': '{"event": "{{ envoyer.event }}"}\n',
  })
  await using envoyer = createEnvoyer({
    events: { 'order-shipped': defineEvent({ context }) },
    channels: { postoffice: postoffice({ backend: postofficeServer({ url: server.url }) }) },
    templates: folder.directory,
    directory: 'memory',
  })
  const orders = Array.from({ length: 150 }, (_, n) => `${n}`)
  const results = []
  for (const orderId of orders) {
    results.push(await envoyer.send('order-shipped', { topic: 'orders' }, { ...shipped, orderId }))
  }
  await envoyer.worker()
  for (const result of results) assert.equal((await envoyer.waitFor(result)).sent, 1)
  assert.deepEqual(new Set(server.messages.map(({ payload }) => payload.order)), new Set(orders))
  assert.equal(server.messages.length, 150)
  assert.deepEqual(server.messages[0]?.attributes, { event: 'order-shipped' })
  assert.equal(server.messages[0]?.payload.day, '2026-11-20')
  assert.ok(server.requests.length <= 15, `${server.requests.length} requests`)
  const [delivery] = await envoyer.deliveries.list({ to: 'orders', limit: 1 })
  const { receipt } = await envoyer.deliveries.get(delivery!.id)
  assert.ok(Number(receipt?.bulk) > 1 && Number(receipt?.firstId) > 0, JSON.stringify(receipt))
})

test('what fails is tried again, and its tries are kept: no topic, no publisher, no answer', async () => {
  await using server = await startPostoffice({ topics: { quiet: 0 } })
  const backend = postofficeServer({
    url: server.url,
    headers: { authorization: 'Bearer hunter2-token' },
  })
  await using envoyer = createEnvoyer({
    events: { 'order-shipped': defineEvent({ context, channels: ['postoffice'] }) },
    channels: { postoffice: postoffice({ backend, retry: delays([50, 1, 1]) }) },
    directory: 'memory',
  })
  server.next({ status: 503 }, 'hang')
  const result = await envoyer.send('order-shipped', { topic: 'quiet' }, shipped)
  await envoyer.worker()
  assert.equal((await envoyer.waitFor(result)).failed, 1)
  const [delivery] = await envoyer.deliveries.list({ to: 'quiet' })
  const { failures } = await envoyer.deliveries.get(delivery!.id)
  assert.deepEqual(
    failures.map(({ code }) => code),
    ['http-503', 'postoffice-unconfirmed', 'postoffice-no-publisher', 'postoffice-no-publisher'],
  )
  assert.doesNotMatch(JSON.stringify(failures), /hunter2/)
  server.setPublishers('quiet', 1)
  await envoyer.deliveries.retry(delivery!.id)
  assert.equal((await envoyer.waitFor(result)).sent, 1)
  assert.deepEqual(server.messages[0]?.payload, shipped)
})

test('wrong options of a message are refused by `send`', async () => {
  await using server = await startPostoffice()
  await using envoyer = createEnvoyer({
    events: { 'order-shipped': defineEvent({ context, channels: ['postoffice'] }) },
    channels: { postoffice: postoffice({ backend: postofficeServer({ url: server.url }) }) },
    directory: 'memory',
  })
  const options = { channelOptions: { postoffice: { attributes: { a: null } } } }
  await assert.rejects(
    // @ts-expect-error: null is no value of an attribute
    envoyer.send('order-shipped', { topic: 'orders' }, shipped, options),
    /"a" must be a string, a number or a boolean/,
  )
})
