import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createBounded } from '../../src/metric/bounded.ts'
import { render } from '../../src/metric/exposition.ts'
import { createRegistry } from '../../src/metric/registry.ts'
import { metrics } from '../../src/metric/table.ts'
import { parseMetrics, sampleOf } from '../support/prometheus.ts'

describe('the text format', () => {
  test('is what the specification shows', () => {
    const definition = {
      type: 'counter',
      help: 'A back\\slash,\na new line',
      labels: ['path'],
    } as const
    const text = render('shop_total', definition, [{ labels: ['C:\\"a"\nb'], value: 3 }])
    assert.equal(
      text,
      '# HELP shop_total A back\\\\slash,\\na new line\n# TYPE shop_total counter\nshop_total{path="C:\\\\\\"a\\"\\nb"} 3\n',
    )
  })

  test('any label and any number can be read again', () => {
    const definition = { type: 'gauge', help: 'x', labels: ['a', 'b'] } as const
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.double(), (a, b, value) => {
        // A line ends with a line feed alone; other white space stays within its quotes.
        const families = parseMetrics(render('x', definition, [{ labels: [a, b], value }]))
        const [sample] = families.get('x')!.samples
        assert.deepEqual(sample!.labels, { a, b })
        assert.ok(Object.is(sample!.value, value) || sample!.value === value)
      }),
    )
  })
})

describe('the registry', () => {
  test('counts, and adds up the buckets of what it times', () => {
    const registry = createRegistry()
    registry.count('envoyer_tickets_put_total', ['email'])
    registry.count('envoyer_tickets_put_total', ['email'], 2)
    for (const seconds of [0.001, 0.03, 0.05, 1000]) {
      registry.observe('envoyer_claim_duration_seconds', ['email'], seconds)
    }
    const families = parseMetrics(registry.render({ envoyer_database_up: [[[], 1]] }))
    const bucket = (le: string) =>
      sampleOf(families, 'envoyer_claim_duration_seconds_bucket', { channel: 'email', le })
    assert.equal(sampleOf(families, 'envoyer_tickets_put_total', { channel: 'email' }), 3)
    assert.equal(sampleOf(families, 'envoyer_database_up'), 1)
    assert.deepEqual(['0.001', '0.025', '0.05', '60', '+Inf'].map(bucket), [1, 1, 3, 3, 4])
    assert.equal(
      sampleOf(families, 'envoyer_claim_duration_seconds_sum', { channel: 'email' }),
      1000.081,
    )
  })

  test('keeps apart what differs in one label', () => {
    const registry = createRegistry()
    registry.count('envoyer_tries_total', ['a', 'sent', ''])
    registry.count('envoyer_tries_total', ['a', 'retry', 'http-503'], 2)
    const families = parseMetrics(registry.render({}))
    assert.deepEqual(
      families.get('envoyer_tries_total')!.samples.map(({ value }) => value),
      [1, 2],
    )
  })
})

test('metrics are named as Prometheus wants it', () => {
  for (const [name, { type, help, labels }] of Object.entries(metrics)) {
    assert.match(name, /^envoyer_[a-z_]+$/)
    assert.equal(name.endsWith('_total'), type === 'counter', name)
    if (type === 'histogram') assert.match(name, /_seconds$/)
    assert.doesNotMatch(name, /_(ms|milliseconds|minutes|count|sum|bucket)$/)
    assert.match(help, /\.$/, name)
    for (const label of labels) assert.match(label, /^[a-z]+$/)
    assert.ok(!(labels as readonly string[]).includes('le'))
  }
})

test('values from outside are bounded', () => {
  const bound = createBounded(2)
  assert.deepEqual(
    ['a', 'b', 'c', 'a', 'd'.repeat(65)].map((value) => bound(value)),
    ['a', 'b', 'other', 'a', 'other'],
  )
})
