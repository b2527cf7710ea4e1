import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { JsonSchema } from '../../src/template/shape.ts'
import { Folder } from './template-folder.ts'

const address = z.object({ street: z.string(), city: z.string() })
const order = z.object({
  order: z.object({
    id: z.string(),
    items: z.array(
      z.object({ name: z.string(), price: z.number(), tags: z.array(z.string()).optional() }),
    ),
    to: z.union([address, z.object({ pickup: z.string() })]),
    gift: address.nullable().optional(),
    extra: z.record(z.string(), z.object({ code: z.string() })),
    free: z.unknown(),
  }),
  carrier: z.string().optional(),
  shippedAt: z.string(),
})
const zodSchema = z.toJSONSchema(order) as JsonSchema

type Found = [file: string, line: number | undefined, message: string]

async function check(
  files: Readonly<Record<string, string>>,
  schema: JsonSchema | undefined = zodSchema,
  options: { listed?: Record<string, string[]> } = {},
): Promise<Found[]> {
  using folder = new Folder(files)
  const problems = await folder.templates({ schemas: { order: schema }, ...options }).check()
  return problems.map(({ code, file, line, message }) => [file, line, `${code}: ${message}`])
}

/** The names that are found unknown in one body. */
async function unknown(body: string, schema?: JsonSchema, more = {}): Promise<string[]> {
  const found = await check({ 'order/sms.text.liquid': body, ...more }, schema)
  return found.map(([, , message]) => /`([^`]+)`/.exec(message)?.[1] ?? message)
}

test('good templates have no problems', async () => {
  const found = await check({
    'order/email.subject.liquid': 'Order {{ order.id }} for {{ recipient.anything.at.all }}',
    'order/email.html.liquid': `{% layout 'main', title: order.id %}{% block body %}{{ block.super }}
{% assign total = 0 %}{% capture greeting %}Dear {{ recipient.name }}{% endcapture %}
{% for item in order.items reversed %}{{ forloop.index }}/{{ forloop.length }} {{ item.name }}
{% assign total = total | plus: item.price %}{% for tag in item.tags %}{{ tag }}{% endfor %}
{% render 'row', item: item, count: forloop.index %}{% include 'note' with item %}
{% if forloop.last %}{{ total | money: 'EUR' }}{% endif %}{% else %}nothing{% endfor %}
{% render 'row' for order.items as item %}{% render 'row' with order.items[0] as item %}
{% for i in (1..order.items.size) limit: 2 offset: continue %}{{ i }}{% cycle 'a', 'b' %}{% endfor %}
{% tablerow item in order.items cols: 2 %}{{ tablerowloop.col }}{{ item.name }}{% endtablerow %}
{{ order.items.first.name }} {{ order.items[0].name.size }} {{ order['id'] }} {{ order[carrier] }}
{{ order.to.street | default: order.to.pickup }} {{ order.gift.city }} {{ order.extra.any.code }}
{{ order.free.thing[0] }} {{ carrier | upcase | append: greeting }} {{ shippedAt | date: 'long' }}
{% case carrier %}{% when 'DHL' %}x{% endcase %}{% unless carrier == blank %}{{ carrier }}{% endunless %}
{% assign names = order.items | map: 'name' %}{{ names.first }} {% assign o = order %}{{ o.id }}
{% increment n %}{{ n }}{% liquid
  assign local = order.id
  echo local
%}{{ envoyer.locale }} {{ "text".size }} {% comment %}{{ never }}{% endcomment %}{% raw %}{{ nor }}{% endraw %}
{% endblock %}`,
    '_layouts/main.liquid':
      '<title>{{ title }}</title>{% if promo %}{{ promo.text }}{% endif %}{% block body %}{{ preheader | default: order.id }}{% endblock %}{{ total }}',
    '_partials/row.liquid': '{{ item.name }} {{ count }} {{ class }} {{ recipient.name }}',
    '_partials/note.liquid': '{% assign seen = true %}{{ note }}{{ order.id }}{{ seen }}',
    'order/de/email.subject.liquid': '{{ order.id }}',
    'order/de/email.text.liquid': "{{ order.id }}{% render 'row', item: order.items.first %}",
  })
  assert.deepEqual(found, [])
})

test('unknown names are told with file, line and what there is', async () => {
  const found = await check({
    'order/email.subject.liquid': '{{ order.id }}\n{{ ordr.id }}',
    'order/email.text.liquid': '{{ order.totl }} {{ envoyer.zone }}',
  })
  assert.deepEqual(found, [
    [
      'order/email.subject.liquid',
      2,
      'unknown-variable: there is no `ordr` (the context has order, carrier, shippedAt).',
    ],
    [
      'order/email.text.liquid',
      1,
      'unknown-variable: there is no `envoyer.zone` (`envoyer` has event, channel, locale, tz, now, delivery).',
    ],
    [
      'order/email.text.liquid',
      1,
      'unknown-variable: there is no `order.totl` (`order` has id, items, to, gift, extra, free).',
    ],
  ])
})

const mistakes: Record<string, [body: string, names: string[]]> = {
  'in a loop': ['{% for i in order.items %}{{ i.nam }}{% endfor %}', ['i.nam']],
  'in a nested loop': [
    '{% for i in order.items %}{% for t in i.tags %}{{ t.x }}{% endfor %}{% endfor %}',
    ['t.x'],
  ],
  'what is looped over': ['{% for i in order.itms %}{{ i.any }}{% endfor %}', ['order.itms']],
  'by index': ['{{ order.items[0].prize }}', ['order.items[0].prize']],
  'on every way of a union': ['{{ order.to.zip }}', ['order.to.zip']],
  'in what may be null': ['{{ order.gift.zip }}', ['order.gift.zip']],
  'in a record': ['{{ order.extra.a.kode }}', ['order.extra.a.kode']],
  'of a text': ['{{ carrier.name }}', ['carrier.name']],
  'in a condition': ['{% if coupon %}x{% endif %}', ['coupon']],
  'in an argument of a filter': ['{{ carrier | append: nam }}', ['nam']],
  'as an index': ['{{ order[nam] }}', ['nam']],
  'in a range': ['{% for i in (1..nam) %}{% endfor %}', ['nam']],
  'in an assignment': ['{% assign x = nam %}', ['nam']],
  'in echo': ['{% echo nam %}', ['nam']],
  'a loop variable after its loop': ['{% for i in order.items %}{% endfor %}{{ i.name }}', ['i']],
}

for (const [name, [body, names]] of Object.entries(mistakes)) {
  test(`an unknown name is found ${name}`, async () => {
    assert.deepEqual(await unknown(body), names)
  })
}

test('partials and layouts are seen through from the template that uses them', async () => {
  const body = "{% layout 'main' %}{% render 'row', item: order.items[0] %}{% include 'note' %}"
  const found = await check({
    'order/sms.text.liquid': body,
    '_layouts/main.liquid': '\n{{ ttle }}{% if ok %}{{ ok }}{% endif %}{% block b %}{% endblock %}',
    '_partials/row.liquid': '{{ item.nam }} {{ optional }} {{ order.id }}',
    '_partials/note.liquid': '{{ order.nte }}',
  })
  const by = 'as used by order/sms.text.liquid'
  assert.deepEqual(found, [
    [
      '_layouts/main.liquid',
      2,
      `unknown-variable: there is no \`ttle\` (the context has order, carrier, shippedAt), ${by}.`,
    ],
    [
      '_partials/note.liquid',
      1,
      `unknown-variable: there is no \`order.nte\` (\`order\` has id, items, to, gift, extra, free), ${by}.`,
    ],
    [
      '_partials/row.liquid',
      1,
      `unknown-variable: \`order\` is not passed to this partial, and \`render\` hides the context, ${by}.`,
    ],
    [
      '_partials/row.liquid',
      1,
      `unknown-variable: there is no \`item.nam\` (\`item\` has name, price, tags), ${by}.`,
    ],
  ])
})

test('a partial that renders itself does not keep the check busy for ever', async () => {
  const more = { '_self.liquid': "{% include 'self' %}{{ nam }}" }
  assert.deepEqual(await unknown("{% include 'self' %}", zodSchema, more), ['nam'])
})

test('schemas: $ref, allOf, open objects, and what they do not say', async () => {
  const schema: JsonSchema = {
    $defs: {
      node: {
        type: 'object',
        properties: { name: { type: 'string' }, next: { $ref: '#/$defs/node' } },
        additionalProperties: false,
      },
    },
    type: 'object',
    properties: {
      tree: { $ref: '#/$defs/node' },
      both: {
        allOf: [
          { type: 'object', properties: { a: { type: 'string' } } },
          { properties: { b: { type: 'string' } } },
        ],
      },
      open: { type: 'object', properties: { a: {} }, additionalProperties: true },
      bare: { type: 'object' },
      anything: {},
      maybe: { if: {}, properties: { a: {} } },
      pair: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'object' }] },
      either: { type: ['string', 'object'], properties: { a: {} } },
    },
  }
  const fine =
    '{{ tree.next.next.name }}{{ both.a }}{{ both.b }}{{ open.x.y }}{{ bare.x.y }}{{ anything.x }}{{ maybe.z }}{{ pair[1].x }}{{ either.a }}{{ either.size }}'
  assert.deepEqual(await unknown(fine, schema), [])
  const wrong = '{{ tree.next.next.nme }}{{ both.c }}{{ either.b }}'
  assert.deepEqual(await unknown(wrong, schema), ['both.c', 'either.b', 'tree.next.next.nme'])
})

test('without a schema of the event only envoyer is checked', async () => {
  using folder = new Folder({ 'order/sms.text.liquid': '{{ any.thing }}{{ envoyer.zone }}' })
  const problems = await folder.templates().check()
  assert.deepEqual(
    problems.map(({ message }) => /`([^`]+)`/.exec(message)?.[1]),
    ['envoyer.zone'],
  )
})

test('mistakes of syntax are told with file and line, each once', async () => {
  const found = await check({
    'order/email.subject.liquid': 'a\n{{ order.id | nofilter }}',
    'order/email.html.liquid': "\n\n{% render 'absent' %}{% render 'broken' %}",
    'order/email.text.liquid': '{% if order %}\n{% for x %}{% endif %}',
    '_partials/broken.liquid': '\n{% nosuchtag %}',
  })
  assert.deepEqual(found, [
    ['_partials/broken.liquid', 2, 'syntax: tag "nosuchtag" not found.'],
    ['order/email.html.liquid', 3, 'syntax: there is no partial or layout of this name.'],
    ['order/email.subject.liquid', 2, 'syntax: undefined filter: nofilter.'],
    ['order/email.text.liquid', 2, 'syntax: illegal tag: {% for x %}.'],
  ])
})

test('incomplete languages, and messages that nothing stands for, are told', async () => {
  const found = await check(
    {
      'order/email.subject.liquid': 'x',
      'order/email.text.liquid': 'x',
      'order/de/email.subject.liquid': 'x',
      'order/fr/sms.text.liquid': 'x',
    },
    zodSchema,
    { listed: { order: ['email', 'sms', 'console'] } },
  )
  assert.deepEqual(found, [
    [
      'order/de/email.html.liquid',
      undefined,
      'missing-part: de of order has no email.html and no email.text, so it is never used.',
    ],
    [
      'order/sms.text.liquid',
      undefined,
      'missing-part: order has no sms.text for recipients of any other language.',
    ],
  ])
})

test('files that are for nothing are told', async () => {
  const found = await check({
    'order/sms.text.liquid': 'x',
    'order/sms.html.liquid': 'x',
    'order/fax.text.liquid': 'x',
    'order/sms.text.txt': 'x',
    'order/sms.liquid': 'x',
    'order/german_text/sms.text.liquid': 'x',
    'order/de/more/sms.text.liquid': 'x',
    'order/de/sms.text.liquid': 'x',
    'order/DE/sms.text.liquid': 'x',
    'ordr/sms.text.liquid': 'x',
    'lost.liquid': 'x',
    '_layouts/notes.txt': 'x',
    '.hidden/anything': 'x',
  })
  assert.deepEqual(
    found.map(([file]) => file),
    [
      '_layouts/notes.txt',
      'lost.liquid',
      'order/de/more/sms.text.liquid',
      'order/de/sms.text.liquid',
      'order/fax.text.liquid',
      'order/german_text/sms.text.liquid',
      'order/sms.html.liquid',
      'order/sms.liquid',
      'order/sms.text.txt',
      'ordr',
    ],
  )
  assert.match(
    found.find(([file]) => file === 'order/sms.html.liquid')![2],
    /the channel sms has no part `html` \(known: text\)/,
  )
})

test('overrides are checked as files are, and named as overrides', async () => {
  using folder = new Folder({ 'order/sms.text.liquid': '{{ nam }}' })
  const templates = folder.templates({ schemas: { order: zodSchema } })
  const place = { event: 'order', channel: 'sms', part: 'text', locale: '' }
  templates.override([
    { ...place, body: 'fine' },
    { ...place, locale: 'de', body: '{{ nam }}' },
    { ...place, channel: 'gone', body: 'x' },
  ])
  const found = (await templates.check()).map(({ code, file, line }) => [code, file, line])
  assert.deepEqual(found, [
    ['unknown-variable', 'order/de/sms.text.liquid (override)', 1],
    ['unknown-file', 'order/gone.text.liquid (override)', undefined],
  ])
})
