import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { z } from 'zod'
import { http, webhook } from '../../channels/webhook/index.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { Permanent } from '../../src/errors.ts'
import { defineEvent } from '../../src/event/define.ts'
import { onEveryEngine, postgres } from '../support/engines.ts'
import { startReceiver } from '../support/http-receiver.ts'
import { createPagerEnvoyer, pager, pagerEvents, recorder } from '../support/pager.ts'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })

before(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(provider)
})
beforeEach(() => exporter.reset())
after(async () => {
  trace.disable()
  context.disable()
  await provider.shutdown()
})

/** The finished spans of such a name, once there are as many. */
async function spansOf(name: string, count = 1): Promise<ReadableSpan[]> {
  for (let n = 0; ; n += 1) {
    const found = exporter.getFinishedSpans().filter((span) => span.name === name)
    if (found.length >= count) return found
    const names = exporter.getFinishedSpans().map((span) => span.name)
    assert.ok(n < 200, `${name}: ${names.join(', ')}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

const traceOf = (span: ReadableSpan) => span.spanContext().traceId
const idOf = (span: ReadableSpan) => span.spanContext().spanId
const parentOf = (span: ReadableSpan) => span.parentSpanContext?.spanId

onEveryEngine('traces', (engine) => {
  test('one recipient: one trace, from the request to the backend', async () => {
    let seen: string | undefined
    const backend = recorder(({ traceparent }) => {
      seen = traceparent
    })
    const { envoyer, internal } = createPagerEnvoyer(engine, backend)
    try {
      await envoyer.worker({ stopOn: [] })
      const request = trace.getTracer('test').startSpan('request')
      const result = await context.with(trace.setSpan(context.active(), request), () =>
        envoyer.send('alarm', { pager: '1', userId: 'marked-user' }, { what: 'marked-context' }),
      )
      request.end()
      await envoyer.waitFor(result)
      const [sent] = await spansOf('send alarm')
      const [delivered] = await spansOf('deliver alarm pager')
      const [called] = await spansOf('backend recorder')
      assert.equal(parentOf(sent!), request.spanContext().spanId)
      assert.equal(parentOf(delivered!), idOf(sent!))
      assert.equal(parentOf(called!), idOf(delivered!))
      const traceIds = [sent!, delivered!, called!].map(traceOf)
      assert.equal(new Set(traceIds).size, 1)
      assert.deepEqual(
        [sent!.kind, delivered!.kind, called!.kind],
        [SpanKind.PRODUCER, SpanKind.CONSUMER, SpanKind.CLIENT],
      )
      assert.deepEqual(delivered!.attributes, {
        'messaging.system': 'envoyer',
        'messaging.destination.name': 'alarm',
        'messaging.operation.name': 'deliver',
        'messaging.operation.type': 'process',
        'messaging.message.id': result.deliveries[0]!.id,
        'envoyer.notification.id': result.notificationId,
        'envoyer.channel': 'pager',
        'envoyer.attempt': 1,
        'envoyer.outcome': 'sent',
      })
      assert.equal(seen, `00-${traceOf(called!)}-${idOf(called!)}-01`)
      const all = JSON.stringify(exporter.getFinishedSpans().map(({ attributes }) => attributes))
      assert.doesNotMatch(all, /marked/)
      assert.deepEqual(internal(), [])
    } finally {
      await envoyer.close()
    }
  })

  test('what failed says so by its code, and not by words', async () => {
    const backend = recorder(() => {
      throw new Permanent('marked-words', { code: 'unknown-number' })
    })
    const { envoyer } = createPagerEnvoyer(engine, backend)
    try {
      await envoyer.worker({ stopOn: [] })
      await envoyer.waitFor(await envoyer.send('alarm', { pager: '1' }, { what: 'x' }))
      const broken = envoyer.send('alarm', { pager: '1' }, { what: 1 } as never)
      await assert.rejects(broken, { code: 'context-invalid' })
      const failed = [
        ...(await spansOf('deliver alarm pager')),
        ...(await spansOf('backend recorder')),
        ...(await spansOf('send alarm', 2)).slice(1),
      ]
      for (const { status, events } of failed) {
        assert.deepEqual([status, events], [{ code: SpanStatusCode.ERROR }, []])
      }
      assert.deepEqual(
        failed.map(({ attributes }) => attributes['error.type']),
        ['unknown-number', 'unknown-number', 'context-invalid'],
      )
      assert.equal(failed[0]!.attributes['envoyer.outcome'], 'failed')
    } finally {
      await envoyer.close()
    }
  })
})

test('several recipients: each delivery, in another instance, is a trace of its own with a link', async () => {
  const place = postgres.fresh()
  const open = () =>
    createEnvoyer({
      ...place,
      events: pagerEvents,
      channels: { pager: pager({ backend: recorder() }) },
    })
  const [sender, worker] = [open(), open()]
  try {
    const people = [{ pager: '1' }, { pager: '2' }, { pager: '3' }]
    const result = await sender.send('alarm', people, { what: 'x' })
    await worker.worker({ stopOn: [] })
    await worker.waitFor(result)
    const [sent] = await spansOf('send alarm')
    assert.equal(sent!.attributes['messaging.batch.message_count'], 3)
    const delivered = await spansOf('deliver alarm pager', 3)
    assert.equal(new Set([sent!, ...delivered].map(traceOf)).size, 4)
    for (const span of delivered) {
      assert.equal(parentOf(span), undefined)
      assert.deepEqual(
        span.links.map((link) => link.context.spanId),
        [idOf(sent!)],
      )
    }
    const called = await spansOf('backend recorder', 3)
    assert.deepEqual(called.map(parentOf).sort(), delivered.map(idOf).sort())

    // And to one recipient: the trace goes on in the other instance.
    exporter.reset()
    await worker.waitFor(await sender.send('alarm', { pager: '4' }, { what: 'x' }))
    const [first] = await spansOf('send alarm')
    const [then] = await spansOf('deliver alarm pager')
    assert.deepEqual([traceOf(then!), parentOf(then!)], [traceOf(first!), idOf(first!)])
  } finally {
    await Promise.all([sender.close(), worker.close()])
  }
})

test('without a tracer nothing is kept and nothing is made', async () => {
  trace.disable()
  let seen: unknown = 'nothing'
  const { envoyer } = createPagerEnvoyer(
    postgres,
    recorder(({ traceparent }) => {
      seen = traceparent
    }),
  )
  try {
    await envoyer.worker({ stopOn: [] })
    const result = await envoyer.send('alarm', { pager: '1' }, { what: 'x' })
    await envoyer.waitFor(result)
    assert.equal(seen, undefined)
    const [row] = await envoyer.transaction((manager) =>
      manager.query(`SELECT options FROM ${schemaOf(manager)}.notification`),
    )
    assert.deepEqual(row.options, {})
  } finally {
    await envoyer.close()
    trace.setGlobalTracerProvider(provider)
  }
})

const schemaOf = (manager: { connection: { options: object } }) =>
  (manager.connection.options as { schema: string }).schema

test('outgoing webhooks carry the trace, unless a header of one’s own does', async () => {
  const receiver = await startReceiver()
  const envoyer = createEnvoyer({
    ...postgres.fresh(),
    secretKey: randomBytes(32).toString('base64'),
    events: { alarm: defineEvent({ context: z.object({}), channels: ['webhook'] }) },
    channels: { webhook: webhook({ backend: http({ allow: ['127.0.0.1'] }) }) },
  })
  try {
    await envoyer.worker({ stopOn: [] })
    const { url } = receiver
    const own = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
    for (const address of [url, { url, headers: own }]) {
      await envoyer.waitFor(await envoyer.send('alarm', { url: address }, {}))
    }
    const [called] = await spansOf('backend http', 2)
    assert.deepEqual(
      receiver.requests.map(({ headers }) => headers.traceparent),
      [`00-${traceOf(called!)}-${idOf(called!)}-01`, own.traceparent],
    )
  } finally {
    await envoyer.close()
    await receiver.stop()
  }
})
