import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTemplates } from '../../src/template/index.ts'
import { channels, Folder, scope } from './template-folder.ts'

test('the line break that ends a file is not part of the message', () => {
  using folder = new Folder({
    'order/email.subject.liquid': '\uFEFFHello\r\n',
    'order/email.text.liquid': "Dear {% render 'name' %}!\n\n",
    '_name.liquid': '{{ recipient.name }}\n',
  })
  assert.deepEqual(folder.templates().render('order', 'email', 'en', scope({})), {
    subject: 'Hello',
    text: 'Dear Ada!\n',
  })
})

test('a partial is the nearest: own folder, then each above, then the root', () => {
  using folder = new Folder({
    'order/sms.text.liquid': "{% render 'a' %}{% render 'b' %}{% render 'c' %}",
    'order/de/sms.text.liquid':
      "{% render 'a' %}{% render 'b' %}{% render 'c' %}{% render './d/e' %}",
    '_a.liquid': 'root ',
    '_partials/b.liquid': 'root ',
    '_layouts/c.liquid': "{% render 'b' %}",
    'order/_partials/b.liquid': 'order ',
    'order/de/_a.liquid': 'de ',
    '_partials/d/e.liquid': 'deep',
  })
  const templates = folder.templates()
  const render = (locale: string) => templates.render('order', 'sms', locale, scope({})).text
  assert.equal(render('en'), 'root order root ')
  assert.equal(render('de'), 'de order root deep')
})

test('partials see recipient and envoyer; with render nothing else, with include all', () => {
  using folder = new Folder({
    'order/sms.text.liquid': "{% render 'p', given: 1 %}|{% include 'p' %}",
    '_p.liquid': '{{ recipient.name }} {{ envoyer.event }} {{ given }} {{ secret }}',
  })
  const { text } = folder.templates().render('order', 'sms', 'en', scope({ secret: 's' }))
  assert.equal(text, 'Ada order 1 |Ada order  s')
})

test('recipient and envoyer cannot be hidden by the context', () => {
  using folder = new Folder({ 'order/sms.text.liquid': '{{ recipient.name }} {{ envoyer.tz }}' })
  const context = { recipient: { name: 'Eve' }, envoyer: { tz: 'x' } }
  assert.equal(folder.templates().render('order', 'sms', 'en', scope(context)).text, 'Ada UTC')
})

test('names of partials lead nowhere outside the folder, even when they come from values', () => {
  const outside = mkdtempSync(path.join(tmpdir(), 'envoyer-outside-'))
  try {
    writeFileSync(path.join(outside, '_secret.liquid'), 's3cret')
    using folder = new Folder({ 'order/sms.text.liquid': '{% render name %}' })
    mkdirSync(path.join(folder.directory, 'order/_sub'))
    symlinkSync(outside, path.join(folder.directory, '_linked'))
    symlinkSync(path.join(outside, '_secret.liquid'), path.join(folder.directory, '_link.liquid'))
    symlinkSync(folder.directory, path.join(folder.directory, '_round'))
    const templates = folder.templates()
    const names = [`../${path.basename(outside)}/_secret`, `${outside}/_secret`, 'linked/secret']
    for (const name of [...names, '_linked/_secret', 'link', '_link.liquid', '', 7, null]) {
      assert.throws(() => templates.render('order', 'sms', 'en', scope({ name })), {
        message:
          /order\/sms\.text\.liquid:1: there is no partial or layout of this name: \{% render name %\}/,
      })
    }
  } finally {
    rmSync(outside, { recursive: true })
  }
})

test('a link to a file within the folder is followed', () => {
  using folder = new Folder({ '_shared.liquid': 'linked', 'order/README.txt': '' })
  symlinkSync('../_shared.liquid', path.join(folder.directory, 'order/sms.text.liquid'))
  assert.equal(folder.templates().render('order', 'sms', 'en', scope({})).text, 'linked')
})

test('edited, new and deleted templates are seen without a restart', async () => {
  using folder = new Folder({ 'order/sms.text.liquid': "old {% render 'p' %}", '_p.liquid': '1' })
  const templates = folder.templates()
  const render = () => templates.render('order', 'sms', 'en', scope({})).text
  assert.equal(render(), 'old 1')
  folder.write('order/sms.text.liquid', "new {% render 'p' %}")
  folder.write('_p.liquid', '2')
  folder.write('order/de/sms.text.liquid', 'de')
  await templates.refresh()
  assert.equal(render(), 'old 1', 'the folder is looked at once a second at most')
  await sleep(1_050)
  await templates.refresh()
  assert.equal(render(), 'new 2')
  assert.equal(templates.choose('order', 'sms', 'de'), 'de')
  folder.remove('order/de/sms.text.liquid')
  // The same size: only its time tells.
  folder.write('_p.liquid', '3')
  utimesSync(path.join(folder.directory, '_p.liquid'), new Date(), new Date(Date.now() + 5_000))
  await templates.check()
  assert.equal(render(), 'new 3')
  assert.equal(templates.choose('order', 'sms', 'de'), 'en')
})

test('a folder that is away, or a link in circles, leaves the rest in use', async () => {
  using folder = new Folder({ 'order/sms.text.liquid': 'kept' })
  symlinkSync('email.text.liquid', path.join(folder.directory, 'order/email.text.liquid'))
  const templates = folder.templates()
  assert.match((await templates.check())[0]!.message, /cannot be read \(ELOOP\)/)
  rmSync(folder.directory, { recursive: true })
  await templates.check()
  assert.equal(templates.render('order', 'sms', 'en', scope({})).text, 'kept')
})

test('a broken template breaks no other', () => {
  using folder = new Folder({
    'order/sms.text.liquid': 'fine',
    'order/email.subject.liquid': '{% if %}',
    'order/email.text.liquid': 'x',
    'refund/sms.text.liquid': '{{ unclosed',
  })
  const templates = folder.templates({ schemas: { order: undefined, refund: undefined } })
  assert.equal(templates.render('order', 'sms', 'en', scope({})).text, 'fine')
  assert.throws(() => templates.render('refund', 'sms', 'en', scope({})), {
    code: 'template-invalid',
    message: /refund\/sms\.text\.liquid:1: output "\{\{ unclosed" not closed/,
  })
})

test('an override wins over the file of its place, and can stand where there is none', () => {
  using folder = new Folder({
    'order/email.subject.liquid': 'file',
    'order/email.text.liquid': "{% render 'p' %}",
    '_p.liquid': 'partial',
  })
  const templates = folder.templates()
  const place = { event: 'order', channel: 'email', part: 'subject', locale: '' }
  const german = { ...place, locale: 'de_AT' }
  templates.override([
    { ...place, body: "override {% render 'p' %}" },
    { ...german, body: 'deutsch' },
    { ...german, part: 'html', body: '<p>deutsch</p>' },
  ])
  const render = (locale: string) => templates.render('order', 'email', locale, scope({}))
  assert.deepEqual(render('en'), { subject: 'override partial', text: 'partial' })
  assert.equal(templates.choose('order', 'email', 'de-AT'), 'de-AT')
  assert.deepEqual(render('de-AT'), { subject: 'deutsch', html: '<p>deutsch</p>' })
  templates.override([])
  assert.deepEqual(render('en'), { subject: 'file', text: 'partial' })
  assert.equal(templates.choose('order', 'email', 'de-AT'), 'en')
})

test('without a folder all templates are overrides', () => {
  const templates = createTemplates({
    directory: undefined,
    locale: 'en',
    channels,
    schemas: { order: undefined },
  })
  assert.equal(templates.exists('order', 'sms'), false)
  assert.deepEqual(templates.missing('order', 'sms'), [
    'templates/order/sms.text.liquid (`templates` names no folder)',
  ])
  const body = 'hi {{ recipient.name }}'
  templates.override([{ event: 'order', channel: 'sms', part: 'text', locale: '', body }])
  assert.deepEqual(templates.render('order', 'sms', 'en', scope({})), { text: 'hi Ada' })
})

test('an override is looked at before it is kept', () => {
  using folder = new Folder({})
  const templates = folder.templates()
  const place = { event: 'order', channel: 'sms', part: 'text', locale: '', body: 'x' }
  assert.equal(templates.parse(place), undefined)
  assert.match(
    templates.parse({ ...place, locale: 'de', body: 'a\n{% if %}' })!,
    /^order\/de\/sms\.text\.liquid \(override\):2: /,
  )
  assert.match(templates.parse({ ...place, event: 'ordr' })!, /no event `ordr`/)
  assert.match(templates.parse({ ...place, channel: 'fax' })!, /no channel `fax` \(known: email/)
  assert.match(templates.parse({ ...place, part: 'html' })!, /no part `html` \(known: text\)/)
  assert.match(templates.parse({ ...place, locale: 'x!' })!, /not a language tag/)
})

test('counters of one part do not leak into the next', () => {
  using folder = new Folder({
    'order/email.subject.liquid': '{% increment n %}{% increment n %}',
    'order/email.text.liquid': '{% increment n %}',
  })
  const context = {}
  const rendered = folder.templates().render('order', 'email', 'en', scope(context))
  assert.deepEqual(rendered, { subject: '01', text: '0' })
  assert.deepEqual(context, {})
})
