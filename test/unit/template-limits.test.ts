import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Folder, renderer, scope } from './template-folder.ts'

/** Far above what any of these takes, far below what they would take without limits. */
const quickMs = 5_000

function refused(work: () => unknown, expected: RegExp): void {
  const start = performance.now()
  assert.throws(work, (error: Error & { code: string }) => {
    assert.equal(error.code, 'template-invalid')
    assert.match(error.message, expected)
    return true
  })
  assert.ok(performance.now() - start < quickMs, 'it took too long to be refused')
}

const long = 'x'.repeat(1_000)

const greedy: [string, string, RegExp][] = [
  ['a huge range', '\n{% for i in (1..100000000) %}{{ i }}{% endfor %}', /:2: it builds more than/],
  [
    'nested loops',
    '\n{% for a in (1..900) %}{% for b in (1..900) %}{% for c in (1..900) %}{% if c %}{% endif %}{% endfor %}{% endfor %}{% endfor %}',
    /:2: it (takes|builds) more than/,
  ],
  [
    'nested loops over a list of the context',
    '{% for a in list %}{% for b in list %}\n{% for c in list %}{% endfor %}{% endfor %}{% endfor %}',
    /:2: it takes more than 300 ms/,
  ],
  [
    'a text that doubles',
    '{% assign a = "x" %}{% for i in (1..100) %}\n{% assign a = a | append: a %}{% endfor %}',
    /:2: it builds more than/,
  ],
  [
    'a capture that doubles',
    '{% assign a = "x" %}{% for i in (1..100) %}\n{% capture a %}{{ a }}{{ a }}{% endcapture %}{% endfor %}',
    /:2: (it builds more than|the output is larger)/,
  ],
  [
    'much literal text',
    `\n{% for i in (1..10000) %}${long}{% endfor %}`,
    /:2: the output is larger/,
  ],
  [
    'much literal text in captures',
    `{% for i in (1..90000) %}\n{% capture a %}${long}{% endcapture %}{% endfor %}`,
    /:2: it (builds|takes) more than/,
  ],
]

const { html, text } = renderer({ limits: { renderMs: 300 } })
const context = { list: Array.from({ length: 3_000 }, (_, index) => index) }

for (const [name, body, expected] of greedy) {
  test(`ends soon, naming template and line: ${name}`, () => {
    refused(() => html(body, context), expected)
    refused(() => text(body, context), expected)
    assert.equal(text('still {{ 1 }}'), 'still 1')
  })
}

test('a template that renders itself is an error, and the next rendering is not', () => {
  using folder = new Folder({
    'order/sms.text.liquid': "a {% render 'self' %}",
    '_self.liquid': "b\n{% render 'self' %}{% include 'self' %}",
    'order/de/sms.text.liquid': "{% layout 'round' %}",
    '_layouts/round.liquid': "\n\n{% layout 'round' %}",
    'order/fr/sms.text.liquid': "{% render 'one' %}",
    '_one.liquid': "{% render 'two' %}",
    '_two.liquid': 'two',
  })
  const templates = folder.templates()
  const render = (locale: string) => templates.render('order', 'sms', locale, scope({}))
  for (let i = 0; i < 3; i += 1) {
    refused(() => render('en'), /_self\.liquid:2: templates render one another more than 50 deep/)
    refused(() => render('de'), /_layouts\/round\.liquid:3: templates render one another/)
    assert.deepEqual(render('fr'), { text: 'two' })
  }
})

test('tags nested until the stack is full are an error', () => {
  const depth = 20_000
  refused(
    () => text('{% if true %}'.repeat(depth) + '{% endif %}'.repeat(depth)),
    /nested too deeply/,
  )
})

test('a template longer than the limit is refused', () => {
  refused(() => text('x'.repeat(500_001)), /longer than 500000 characters/)
})

test('the size of a message is counted in bytes', () => {
  const small = renderer({ limits: { outputBytes: 9 } })
  assert.equal(small.text('{{ v }}', { v: '€€€' }), '€€€')
  refused(() => small.text('{{ v }}', { v: '€€€1' }), /the output is larger than 9 bytes/)
  refused(() => small.text('{{ v }}', { v: '1234567890' }), /:1: the output is larger than 9 bytes/)
})

test('an ordinary long message is within the limits', () => {
  const items = Array.from({ length: 2_000 }, (_, at) => ({ name: `Item <${at}>`, price: at }))
  const body =
    "{% for item in items %}<li>{{ item.name | upcase }}: {{ item.price | money: 'EUR' }}</li>\n{% endfor %}"
  const out = renderer().html(body, { items })
  assert.equal(out.split('\n').length, 2_001)
})
