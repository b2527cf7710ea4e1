import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { email, htmlToText } from '../../channels/email/index.ts'

const backend = { name: 'none', send: async () => ({}) }

test('a mail without text gets one made from its HTML; a text of its own is left alone', () => {
  const { complete } = email({ backend }).definition
  assert.deepEqual(complete!({ subject: 's', html: '<p>Hi &amp; bye</p>' }), {
    subject: 's',
    html: '<p>Hi &amp; bye</p>',
    text: 'Hi & bye',
  })
  const both = { subject: 's', html: '<p>Hi</p>', text: 'Hello' }
  assert.deepEqual(complete!(both), both)
  assert.deepEqual(complete!({ subject: 's', text: 'Hello' }), { subject: 's', text: 'Hello' })
})

const cases: [what: string, html: string, text: string][] = [
  ['paragraphs', '<p>One\n  line</p><p>Two</p>', 'One line\n\nTwo'],
  ['line breaks', 'a<br>b<br/><br />c', 'a\nb\n\nc'],
  ['words in tags', '<b>bo</b>ld <i>and</i> more', 'bold and more'],
  [
    'links',
    '<a href="https://x.example/?a=1&amp;b=2">here</a>',
    'here (https://x.example/?a=1&b=2)',
  ],
  ['links shown as they are', '<a href="https://x.example/">x.example</a>', 'x.example'],
  ['mail links', '<a href="mailto:a@b.c">a@b.c</a>', 'a@b.c'],
  ['links without a target', '<a href="#top">up</a> <a href="javascript:x()">run</a>', 'up run'],
  [
    'pictures',
    '<a href="https://x.example"><img alt="Logo" src="l.png"></a>',
    'Logo (https://x.example)',
  ],
  ['linked pictures without text', '<a href="https://x.example"><img></a>', 'https://x.example'],
  ['lists', 'To do:<ul><li>One</li><li>Two</li></ul>end', 'To do:\n\n- One\n- Two\n\nend'],
  ['numbered lists', '<ol start="9"><li>a<li>b</ol>', '9. a\n10. b'],
  ['nested lists', '<ul><li>a<ul><li>b<br>c</ul><li>d</ul>', '- a\n  - b\n    c\n- d'],
  [
    'tables',
    '<table><tr><th>Item<th>Qty</tr><tr><td>Box</td><td>2</td></tr></table>',
    'Item  Qty\nBox  2',
  ],
  ['quotes', 'a<blockquote><p>b</p><p>c</p></blockquote>d', 'a\n\n> b\n>\n> c\n\nd'],
  ['preformatted text', '<pre>a\n  b</pre>', 'a\n  b'],
  ['rules', 'a<hr>b', 'a\n---\nb'],
  [
    'references',
    '&euro;&#8364;&#x20AC;&nbsp;&#150; &amp;lt; &unknown; &copy2',
    '€€€ – &lt; &unknown; &copy2',
  ],
  ['signs that are no tags', 'a < b > c <3', 'a < b > c <3'],
  ['a head', '<head><title>t</title><style>p > a {}</style></head><p>x', 'x'],
  ['scripts', 'a<script>if (a<b) "</p>"</script>b', 'ab'],
  ['comments', 'a<!-- <p>b --> c<!--[if mso]><p>d<![endif]-->', 'a c'],
  [
    'what is hidden',
    '<div style="display: none">pre<div>header</div></div><p hidden>x</p>shown',
    'shown',
  ],
  ['a head whose end is left out', '<head><meta charset=utf-8><title>t</title><body><p>x', 'x'],
  [
    'an element that closes itself',
    'a<svg width="1"/>b<svg><svg/>no</svg>c<svg id=x/>no</svg>',
    'abc',
  ],
  [
    'what is hidden by a tag whose end is left out',
    '<p hidden>a<p>b<p hidden>c<div>d</div>',
    'b\nd',
  ],
  ['hidden items', '<ul><li hidden>a<ul><li>b</ul><li>c<li hidden>d</ul>e', '- c\n\ne'],
  ['hidden terms', '<dl><dt hidden>a<dd>b<dt>c<dd hidden>d</dl>e', 'b\nc\n\ne'],
  [
    'hidden cells and rows',
    '<table><tr><td hidden>a<td>b<tr hidden><td>c<table><tr><td>d</table>e<tr><td>f<td hidden>g</table>h',
    'b\nf\n\nh',
  ],
  ['quotes in tags', '<p title="a > b">x</p>', 'x'],
]

for (const [what, html, text] of cases) {
  test(`text from HTML: ${what}`, () => assert.equal(htmlToText(html), text))
}

test('no HTML, however broken, makes it throw, and no tag or control character comes through', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '<a href="http://x">',
      '</a>',
      '<li>',
      '</ul>',
      '<ol>',
      '<td',
      '<!--',
      '-->',
      '"',
      '&#27;',
      '<pre>',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = htmlToText(pieces.join(''))
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      assert.doesNotMatch(text, /[\x00-\x08\x0e-\x1f\x7f]/)
    }),
    { numRuns: 500 },
  )
})

test('its time grows with the length only', () => {
  const hostile = [
    '<a href="',
    '<a "',
    '<!--',
    '<',
    '<style>',
    '<ul><li>',
    '<a href="http://x">',
    '&#',
    '\u00a0',
    '<pre> ',
    '<p hidden>',
    '<li hidden><ul>',
    '<svg>',
  ]
  for (const piece of hostile) {
    const html = `${piece.repeat(200_000 / piece.length)}x`
    const start = performance.now()
    htmlToText(html)
    const tookMs = performance.now() - start
    assert.ok(tookMs < 1_000, `200,000 characters of ${piece} took ${tookMs} ms`)
  }
})
