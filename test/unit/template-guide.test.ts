import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Folder, renderer, scope } from './template-folder.ts'

const guide = readFileSync(new URL('../../docs/guides/templates.md', import.meta.url), 'utf8')

test('the filters in the guide print what it says', () => {
  const { text } = renderer()
  const context = { at: '2026-03-05T23:30:00Z', price: 1234.5, share: 0.256, count: 2 }
  const rows = [...guide.matchAll(/^\| `(\{\{.*\}\})` \| `(.*)` \|$/gm)]
  assert.equal(rows.length, 14)
  for (const [, template, printed] of rows) {
    const body = template!.replaceAll('\\|', '|')
    const out = text(body, context, { locale: 'de', tz: 'Europe/Berlin' })
    assert.equal(out.replace(/[\u00a0\u202f]/g, ' '), printed, body)
  }
})

test('the layout in the guide renders', () => {
  const [layout, page] = [...guide.matchAll(/```liquid\n([\s\S]*?)```/g)].map(([, body]) => body!)
  using folder = new Folder({
    '_layouts/main.liquid': layout!,
    '_partials/item.liquid': '<li>{{ item.name }}</li>',
    'order/email.subject.liquid': 'x',
    'order/email.html.liquid': page!,
  })
  const context = { order: { items: [{ name: 'Tea & more' }] } }
  const { html } = folder.templates().render('order', 'email', 'en', scope(context))
  assert.match(html!, /<ul><li>Tea &amp; more<\/li><\/ul>\s+<p>Ada, you get this/)
})
