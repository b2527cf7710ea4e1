import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { createEnvoyer, defineEvent } from '../../../src/index.ts'
import { channels, shipped, shop, someone } from './shop.ts'

await shop.send('order-shipped', someone, { orderId: '7', gift: true })
await shop.send('password-reset', someone, { link: 'https://shop.example/reset/1' })

// @ts-expect-error: Property 'orderId' is missing
await shop.send('order-shipped', someone, {})
// @ts-expect-error: 'parcel' does not exist in type
await shop.send('order-shipped', someone, { orderId: '7', parcel: 1 })
// @ts-expect-error: Type 'number' is not assignable to type 'string'
await shop.send('order-shipped', someone, { orderId: 7 })
// @ts-expect-error: 'orderId' does not exist in type
await shop.send('password-reset', someone, { orderId: '7' })
// @ts-expect-error: Expected 3-4 arguments
await shop.send('order-shipped', someone)

// What cannot be stored as JSON.
// @ts-expect-error: the context's "at" cannot be stored as JSON
defineEvent({ context: z.object({ at: z.date() }) })
// @ts-expect-error: the context's "total" cannot be stored as JSON
defineEvent({ context: z.object({ total: z.bigint() }) })
// @ts-expect-error: the context's "total" cannot be stored as JSON
defineEvent({ context: z.object({ total: z.bigint().optional() }) })
// @ts-expect-error: the context's "format" cannot be stored as JSON
defineEvent({ context: z.object({ format: z.custom<(text: string) => string>() }) })
// @ts-expect-error: the context's "Format" cannot be stored as JSON
defineEvent({ context: z.object({ Format: z.custom<new () => Error>() }) })
// @ts-expect-error: the context's "names" cannot be stored as JSON
defineEvent({ context: z.object({ names: z.map(z.string(), z.string()) }) })
// @ts-expect-error: the context's "names" cannot be stored as JSON
defineEvent({ context: z.object({ names: z.set(z.string()) }) })
// @ts-expect-error: the context's "mark" cannot be stored as JSON
defineEvent({ context: z.object({ mark: z.symbol() }) })
// @ts-expect-error: the context's "file" cannot be stored as JSON
defineEvent({ context: z.object({ file: z.custom<Uint8Array>() }) })
// @ts-expect-error: the context's "pattern" cannot be stored as JSON
defineEvent({ context: z.object({ pattern: z.custom<RegExp>() }) })
// @ts-expect-error: the context's "page" cannot be stored as JSON
defineEvent({ context: z.object({ page: z.custom<URL>() }) })
// @ts-expect-error: the context's "later" cannot be stored as JSON
defineEvent({ context: z.object({ later: z.promise(z.string()) }) })
// @ts-expect-error: the context's "lines[].at" cannot be stored as JSON
defineEvent({ context: z.object({ lines: z.array(z.object({ at: z.date() })) }) })
// @ts-expect-error: the context's "when.at" cannot be stored as JSON
defineEvent({ context: z.object({ when: z.object({ at: z.union([z.string(), z.date()]) }) }) })
// @ts-expect-error: the context's "at" cannot be stored as JSON
defineEvent({ context: v.object({ at: v.date() }) })
// @ts-expect-error: the context's "at" cannot be stored as JSON
defineEvent({ context: type({ at: 'Date' }) })
// @ts-expect-error: the context must be an object
defineEvent({ context: z.string() })
// @ts-expect-error: the context must be an object
defineEvent({ context: z.array(z.string()) })

// Names that templates use for themselves.
// @ts-expect-error: the context key "recipient" is reserved for templates
defineEvent({ context: z.object({ recipient: z.string() }) })
// @ts-expect-error: the context key "envoyer" is reserved for templates
defineEvent({ context: z.object({ envoyer: z.string().optional() }) })
defineEvent({ context: z.object({ order: z.object({ recipient: z.string() }) }) })

interface Tree {
  readonly name?: string
  readonly leaves: Tree[]
  readonly left: Tree | undefined
}
interface Dated extends Tree {
  readonly at: Date
  readonly other: Dated[]
}
// @ts-expect-error: the context's "at" cannot be stored as JSON
defineEvent({ context: z.custom<Dated>() })

// What can be stored: an input counts, whatever the schema makes of it.
const various = createEnvoyer({
  events: {
    nothing: defineEvent({ context: z.object({}) }),
    loose: defineEvent({ context: z.record(z.string(), z.number()) }),
    transformed: defineEvent({
      context: z.object({ at: z.iso.datetime().transform((text) => new Date(text)) }),
    }),
    defaulted: defineEvent({ context: z.object({ copies: z.number().default(1) }) }),
    nested: defineEvent({
      context: z.object({
        lines: z.array(z.object({ sku: z.string(), note: z.string().nullable() })).readonly(),
        pair: z.tuple([z.string(), z.number()]),
        kind: z.enum(['a', 'b']),
        either: z.union([z.object({ a: z.string() }), z.object({ b: z.number() })]),
      }),
    }),
    json: defineEvent({
      context: z.object({ any: z.any(), unknown: z.unknown(), json: z.json() }),
    }),
    tree: defineEvent({ context: z.custom<Tree>() }),
    either: defineEvent({
      context: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('a'), a: z.string() }),
        z.object({ kind: z.literal('b'), b: z.number() }),
      ]),
    }),
    valibot: defineEvent({
      context: v.object({
        id: v.string(),
        at: v.pipe(
          v.string(),
          v.transform((t) => new Date(t)),
        ),
      }),
    }),
    arktype: defineEvent({ context: type({ id: 'string', 'note?': 'string', tags: 'string[]' }) }),
    morph: defineEvent({ context: type({ at: 'string.date.iso.parse' }) }),
  },
  channels,
})
await various.send('nothing', someone, {})
await various.send('loose', someone, { a: 1 })
await various.send('transformed', someone, { at: '2026-01-01T00:00:00Z' })
await various.send('defaulted', someone, {})
await various.send('nested', someone, {
  lines: [{ sku: '1', note: null }],
  pair: ['a', 1],
  kind: 'a',
  either: { b: 1 },
})
await various.send('json', someone, { any: 1, unknown: 'x', json: [null] })
await various.send('tree', someone, { leaves: [{ leaves: [], left: undefined }], left: undefined })
await various.send('either', someone, { kind: 'b', b: 1 })
await various.send('valibot', someone, { id: '1', at: '2026-01-01T00:00:00Z' })
await various.send('arktype', someone, { id: '1', tags: ['a'] })
await various.send('morph', someone, { at: '2026-01-01T00:00:00Z' })

// @ts-expect-error: Type 'Date' is not assignable to type 'string'
await various.send('transformed', someone, { at: new Date() })
// @ts-expect-error: Type '"c"' is not assignable to type '"a" | "b"'
await various.send('nested', someone, { lines: [], pair: ['a', 1], either: { a: '' }, kind: 'c' })
// @ts-expect-error: 'a' does not exist in type
await various.send('either', someone, { kind: 'b', b: 1, a: '' })
// @ts-expect-error: Property 'at' is missing
await various.send('valibot', someone, { id: '1' })
// @ts-expect-error: Property 'tags' is missing
await various.send('arktype', someone, { id: '1' })
// @ts-expect-error: Type 'number' is not assignable to type 'string'
await various.send('arktype', someone, { id: '1', tags: [1] })

// Contexts held in variables.
const held: { orderId: string; gift?: boolean } = shipped
await shop.send('order-shipped', someone, held)
interface Shipped {
  orderId: string
}
declare const declared: Shipped
await shop.send('order-shipped', someone, declared)
