import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type } from 'arktype'
import fc from 'fast-check'
import * as v from 'valibot'
import { z } from 'zod'
import { contextJsonSchema } from '../../src/event/context.ts'
import { defineEvent, type EventDefinition } from '../../src/event/define.ts'
import { NoSample, sampleOf } from '../../src/event/sample.ts'

/** The sample of an event's schema, which the schema itself takes. */
function sampled(context: EventDefinition['context']) {
  const event = defineEvent({ context } as never) as EventDefinition
  const sample = sampleOf(contextJsonSchema(event, 'input')!)
  const result = context['~standard'].validate(sample)
  assert.ok(!(result instanceof Promise))
  assert.equal(
    result.issues,
    undefined,
    `${JSON.stringify(sample)} ${JSON.stringify(result.issues)}`,
  )
  return sample
}

const item = z.object({ name: z.string(), quantity: z.int().min(1), price: z.number() })

describe('a sample context', () => {
  test('says something where names, formats and limits tell what a value is', () => {
    const schema = z.object({
      orderId: z.string(),
      customer: z.object({ name: z.string(), email: z.email(), phone: z.e164() }),
      items: z.array(item),
      trackingUrl: z.url(),
      status: z.enum(['packed', 'shipped']),
      shippedAt: z.iso.datetime().transform((text) => new Date(text)),
      due: z.iso.date().nullable(),
      note: z.string().optional(),
      gift: z.boolean(),
    })
    assert.deepEqual(sampled(schema), {
      orderId: '1042',
      customer: { name: 'Jane Doe', email: 'jane.doe@example.com', phone: '+12125550142' },
      items: [
        { name: 'Jane Doe', quantity: 2, price: 49.9 },
        { name: 'John Smith', quantity: 3, price: 50.9 },
      ],
      trackingUrl: 'https://shop.example/orders/1042',
      status: 'packed',
      shippedAt: '2026-03-05T14:30:00Z',
      due: '2026-03-05',
      note: 'A sample text.',
      gift: true,
    })
  })

  test('fits what zod can ask for', () => {
    const tree = z.object({
      label: z.string(),
      get children() {
        return z.array(tree)
      },
    })
    sampled(
      z.object({
        short: z.string().max(3),
        long: z.string().min(40),
        order: z.string().regex(/^ORD-\d{6}$/),
        plate: z.string().regex(/^(?:[A-Z]{1,3})-[A-Z]{2} \d+[EH]?$/),
        uuid: z.uuid(),
        ip: z.ipv4(),
        percent: z.number().min(0).max(1),
        step: z.number().multipleOf(0.05).gt(7),
        below: z.number().lt(-3),
        exact: z.literal(7),
        byKey: z.record(z.string(), z.number()),
        byName: z.record(z.enum(['a', 'b']), z.int()),
        pair: z.tuple([z.string(), z.number()]),
        one: z.union([z.null(), z.object({ kind: z.literal('x'), size: z.int().max(2) })]),
        many: z.array(z.iso.time()).min(3).max(3),
        none: z.array(z.string()).max(0),
        anything: z.any(),
        both: z.object({ left: z.string() }).and(z.object({ right: z.int() })),
        tree,
        withDefault: z.string().default('given'),
      }),
    )
  })

  test('fits what arktype can ask for', () => {
    const order = type({
      id: 'string >= 3',
      at: 'string.date.iso.parse',
      'count?': '1 <= number.integer <= 5',
      to: 'string.email',
      page: 'string.url',
      kind: "'a'|'b'",
      items: type({ name: 'string' }).array().atLeastLength(1),
    })
    const sample = sampled(order as never) as { to: string; count: number }
    assert.equal(sample.to, 'jane.doe@example.com')
    assert.ok(sample.count >= 1 && sample.count <= 5)
  })

  test('is the same each time', () => {
    assert.deepEqual(sampled(item), sampled(item))
  })

  test('cannot be made of what says nothing of itself: valibot’s schemas', () => {
    const event = defineEvent({ context: v.object({ id: v.string() }) })
    assert.equal(contextJsonSchema(event as never, 'input'), undefined)
  })

  test('is refused where nothing fits, with the place', () => {
    const schema = z.object({
      order: z.object({ code: z.string().regex(/^(?=.*\d)(?!a)[^a-z]{3}$/) }),
    })
    assert.throws(
      () => sampled(schema),
      (error) =>
        error instanceof NoSample && error.message.startsWith('`order.code`: no text fits'),
    )
    assert.throws(() => sampleOf({ type: 'integer', minimum: 3, maximum: 2 }), NoSample)
    assert.throws(() => sampleOf({ $ref: '#/$defs/gone' }), /which is not there/)
  })

  test('keeps the limits of numbers, whatever they are', () => {
    const bound = fc.double({ min: -1e6, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(bound, bound, fc.boolean(), (one, other, whole) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)]
        fc.pre(!whole || Math.ceil(low) <= Math.floor(high))
        const number = whole ? z.int() : z.number()
        sampled(z.object({ value: number.min(low).max(high) }))
      }),
    )
  })

  test('keeps the limits of texts, whatever they are called', () => {
    const name = fc.constantFrom('name', 'email', 'createdAt', 'x', 'url', 'code')
    fc.assert(
      fc.property(name, fc.nat(60), fc.nat(60), (key, least, more) => {
        sampled(
          z.object({
            [key]: z
              .string()
              .min(least)
              .max(least + more),
          }),
        )
      }),
    )
  })
})
