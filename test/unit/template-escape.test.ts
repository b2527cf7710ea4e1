import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Folder, renderer, scope } from './template-folder.ts'

const { html, text } = renderer()

/** What a browser reads out of text or a quoted attribute. */
function decoded(markup: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', '#34': '"', '#39': "'" }
  return markup.replace(/&([a-z]+|#\d+);/g, (whole, name) => entities[name] ?? whole)
}

/** Strings in which what means something to HTML, to Liquid or to JSON is frequent. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom('<', '>', '&', '"', "'", '&amp;', '{{ x }}', '{% raw %}', '</script>', '\\'),
      fc.string({ unit: 'binary' }),
    ),
  )
  .map((pieces) => pieces.join(''))

const printing: Record<string, string> = {
  'an output': '{{ v }}',
  'a property': '{{ o.deep[0].v }}',
  'a filter': '{{ v | append: "" }}',
  'an assigned name': '{% assign a = v %}{{ a }}',
  echo: '{% echo v %}',
  'a liquid tag': '{% liquid\n  assign a = v\n  echo a\n%}',
  capture: '{% capture c %}{{ v }}{% endcapture %}{{ c }}',
  'capture in capture':
    '{% capture c %}{{ v }}{% endcapture %}{% capture d %}{{ c }}{% endcapture %}{{ d }}',
  'capture and echo': '{% capture c %}{{ v }}{% endcapture %}{% echo c %}',
  'capture with a default': '{% capture c %}{{ v }}{% endcapture %}{{ c | default: "" }}',
  escape: '{{ v | escape }}',
  'escape twice': '{{ v | escape | escape }}',
  'escape kept': '{% assign e = v | escape %}{{ e }}',
  'a default': '{{ missing | default: v }}',
  cycle: '{% cycle v %}',
  case: '{% case 1 %}{% when 1 %}{{ v }}{% endcase %}',
  'a list': '{{ list }}',
  'a loop': '{% for i in list %}{{ i }}{% endfor %}',
  join: '{{ list | join }}',
}

for (const [name, body] of Object.entries(printing)) {
  test(`html shows exactly the value: ${name}`, () => {
    fc.assert(
      fc.property(hostile, (v) => {
        const out = html(body, { v, list: [v], o: { deep: [{ v }] } })
        assert.doesNotMatch(out, /[<>"']/)
        assert.equal(decoded(out), v)
      }),
      { numRuns: 60 },
    )
  })
}

test('text parts hold values verbatim', () => {
  const plain = Object.entries(printing).filter(([name]) => !name.startsWith('escape'))
  fc.assert(
    fc.property(hostile, fc.constantFrom(...plain), (v, [, body]) => {
      assert.equal(text(body, { v, list: [v], o: { deep: [{ v }] } }), v)
    }),
    { numRuns: 300 },
  )
})

test('json in a script element of html is JSON that cannot close the element', () => {
  fc.assert(
    fc.property(fc.oneof(hostile, fc.jsonValue()), (v) => {
      const out = html('<SCRIPT type="application/ld+json">{{ v | json }}</script>', { v })
      const inside = out.slice('<SCRIPT type="application/ld+json">'.length, -'</script>'.length)
      assert.doesNotMatch(inside, /[<>&]/)
      assert.deepEqual(JSON.parse(inside), JSON.parse(JSON.stringify(v)))
    }),
    { numRuns: 100 },
  )
})

test('json in an attribute or in text of html is escaped, and in text parts plain', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (v) => {
      const out = html('<script>1</script><p data-v="{{ v | json }}">{{ v | json }}</p>', { v })
      const found = /data-v="([^"]*)">([^<]*)</.exec(out)
      assert.equal(decoded(found![1]!), JSON.stringify(v))
      assert.equal(decoded(found![2]!), JSON.stringify(v))
      assert.equal(text('{{ v | json }}', { v }), JSON.stringify(v))
    }),
    { numRuns: 100 },
  )
})

test('captured markup stays markup through trimming, joining and splitting', () => {
  const capture = '{% capture c %} <b>{{ v }}</b>, <i>x</i> {% endcapture %}'
  const shown = (rest: string) => html(capture + rest, { v: '<&>', w: '<w>' })
  assert.equal(shown('{{ c | strip }}'), '<b>&lt;&amp;&gt;</b>, <i>x</i>')
  assert.equal(shown('{{ c | strip | append: w }}'), '<b>&lt;&amp;&gt;</b>, <i>x</i>&lt;w&gt;')
  assert.equal(shown('{{ w | append: c }}'), '&lt;w&gt; <b>&lt;&amp;&gt;</b>, <i>x</i> ')
  assert.equal(
    shown('{% assign p = c | strip | split: ", " %}{{ p | join: " < " }}|{{ p[1] }}'),
    '<b>&lt;&amp;&gt;</b> &lt; <i>x</i>|<i>x</i>',
  )
  assert.equal(shown('{{ c.size }} {% if c == blank %}blank{% endif %}'), '32 ')
})

test('captured text compares as text', () => {
  const shown = (body: string, c: string) =>
    html(`{% capture c %}${c}{% endcapture %}${body}`, { yes: 'yes' })
  assert.equal(shown('{% if c == "yes" %}1{% endif %}{% if c == yes %}2{% endif %}', 'yes'), '12')
  assert.equal(shown('{% if c == blank %}blank{% endif %}', '  \n'), 'blank')
  assert.equal(shown('{% if c == empty %}empty{% endif %}', ''), 'empty')
  assert.equal(shown('{% if c contains "e" %}has{% endif %}', 'yes'), 'has')
  assert.equal(shown('{% if c > "a" and c < "z" %}between{% endif %}', 'yes'), 'between')
})

test('line breaks become <br />, and the text around them is escaped', () => {
  assert.equal(html('{{ v | newline_to_br }}', { v: 'a <b>\nc' }), 'a &lt;b&gt;<br />\nc')
})

test('raw, and only raw, prints a value as HTML', () => {
  assert.equal(html('{{ v | raw }}', { v: '<b>' }), '<b>')
  assert.equal(html('{% echo v | raw %}', { v: '<b>' }), '<b>')
  assert.equal(html('{{ v | upcase }}', { v: '<b>' }), '&lt;B&gt;')
})

test('escaping goes through layouts, blocks, render and include, once', () => {
  using folder = new Folder({
    'order/email.subject.liquid': '{{ v }}',
    'order/email.html.liquid':
      "{% layout 'main', note: v %}{% block body %}{{ block.super }}{% render 'one', x: v %}{% include 'two' %}{% endblock %}",
    '_layouts/main.liquid': '<p>{{ note }}</p>{% block body %}<i>{{ v }}</i>{% endblock %}',
    '_partials/one.liquid': '<u>{{ x }}</u>',
    '_partials/two.liquid': '<s>{{ v }}</s>',
  })
  const rendered = folder.templates().render('order', 'email', 'en', scope({ v: '<&' }))
  assert.deepEqual(rendered, {
    subject: '<&',
    html: '<p>&lt;&amp;</p><i>&lt;&amp;</i><u>&lt;&amp;</u><s>&lt;&amp;</s>',
  })
})

test('values are data: no template in them is run, no inherited property is seen', () => {
  const v = '{{ recipient.name }}{% render "x" %}'
  assert.equal(text('{{ v }}', { v }), v)
  assert.equal(text('[{{ v.constructor }}{{ o.toString }}{{ o.__proto__ }}]', { v, o: {} }), '[]')
})

test('dates and objects print as in JSON, nothing prints as nothing', () => {
  const at = new Date('2026-01-02T03:04:05Z')
  assert.equal(
    text('{{ at }}|{{ o }}|{{ none }}|{{ nil }}', { at, o: { a: 1 }, none: null }),
    ['2026-01-02T03:04:05.000Z', '{"a":1}', '', ''].join('|'),
  )
})
