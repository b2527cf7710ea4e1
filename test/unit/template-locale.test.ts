import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Folder, scope } from './template-folder.ts'

const sms = (locale: string) => ({ [`order/${locale}sms.text.liquid`]: locale || 'base' })

function choosing(
  locales: readonly string[],
  options: { locale?: string; fallbacks?: readonly string[] } = {},
) {
  using folder = new Folder(Object.assign({}, ...locales.map(sms)))
  const templates = folder.templates({ locale: 'en', ...options })
  return (asked: string | undefined) => {
    const locale = templates.choose('order', 'sms', asked)
    const source =
      locale === undefined ? undefined : templates.render('order', 'sms', locale, scope({})).text
    return [locale, source]
  }
}

test('a message is in the locale asked for, however it is written', () => {
  const choose = choosing(['', 'pt/', 'pt-BR/', 'zh-Hant/', 'zh/'])
  assert.deepEqual(choose('pt-BR'), ['pt-BR', 'pt-BR/'])
  assert.deepEqual(choose('PT_br'), ['pt-BR', 'pt-BR/'])
  assert.deepEqual(choose('pt-PT'), ['pt', 'pt/'])
  assert.deepEqual(choose('zh-TW'), ['zh-Hant', 'zh-Hant/'], 'Taiwan reads the traditional script')
  assert.deepEqual(choose('zh-CN'), ['zh', 'zh/'])
  assert.deepEqual(choose('pt-u-nu-latn'), ['pt', 'pt/'])
})

test('without the language asked for: the fallbacks in order, then the base', () => {
  assert.deepEqual(choosing(['', 'de/'], { fallbacks: ['fr', 'de-AT'] })('ja'), ['de', 'de/'])
  assert.deepEqual(choosing(['', 'de/'])('ja'), ['en', 'base'])
  assert.deepEqual(choosing(['', 'de/'])(undefined), ['en', 'base'])
  assert.deepEqual(choosing(['', 'de/'])('not a tag!'), ['en', 'base'])
  assert.deepEqual(choosing(['de/'])('ja'), [undefined, undefined])
})

test("the base is of the envoyer's own locale, and comes before any fallback for its readers", () => {
  const options = { locale: 'en-US', fallbacks: ['de'] }
  assert.deepEqual(choosing(['', 'de/'], options)('en-US'), ['en-US', 'base'])
  assert.deepEqual(choosing(['', 'de/'], options)('en-GB'), ['en-US', 'base'])
  assert.deepEqual(choosing(['', 'de/'], options)('en'), ['en-US', 'base'])
  assert.deepEqual(choosing(['', 'en/', 'de/'], options)('en-US'), ['en-US', 'base'])
  assert.deepEqual(choosing(['', 'en/', 'de/'], options)('en-GB'), ['en', 'en/'])
  assert.deepEqual(choosing(['', 'de/'], { ...options, locale: 'zh-Hans' })('zh-TW'), ['de', 'de/'])
})

test("a folder named as the envoyer's own locale stands in for the base", () => {
  assert.deepEqual(choosing(['en/', 'de/'])('ja'), ['en', 'en/'])
  assert.deepEqual(choosing(['', 'en/'])('en'), ['en', 'en/'])
})

test('a language without all required parts is passed over as a whole', () => {
  using folder = new Folder({
    'order/email.subject.liquid': 'base',
    'order/email.text.liquid': 'base',
    'order/de/email.subject.liquid': 'de',
    'order/fr/email.subject.liquid': 'fr',
    'order/fr/email.html.liquid': 'fr',
  })
  const templates = folder.templates()
  assert.equal(templates.choose('order', 'email', 'de'), 'en')
  assert.deepEqual(templates.render('order', 'email', 'en', scope({})), {
    subject: 'base',
    text: 'base',
  })
  assert.equal(templates.choose('order', 'email', 'fr'), 'fr')
  assert.deepEqual(templates.render('order', 'email', 'fr', scope({})), {
    subject: 'fr',
    html: 'fr',
  })
})

test('what is missing is told as the files to create', () => {
  using folder = new Folder({ 'order/email.text.liquid': 'x' })
  const templates = folder.templates()
  assert.deepEqual(templates.missing('order', 'email'), [
    `${folder.directory}/order/email.subject.liquid`,
  ])
  folder.remove('order/email.text.liquid')
  const empty = folder.templates({ directory: `${folder.directory}/` })
  assert.deepEqual(empty.missing('order', 'email'), [
    `${folder.directory}/order/email.subject.liquid`,
    `${folder.directory}/order/email.html.liquid or ${folder.directory}/order/email.text.liquid`,
  ])
  // It can do without; this is what it could have.
  assert.deepEqual(empty.missing('order', 'console'), [
    `${folder.directory}/order/console.text.liquid`,
  ])
  assert.throws(() => empty.render('order', 'sms', 'en', scope({})), {
    code: 'template-missing',
    problems: [`${folder.directory}/order/sms.text.liquid`],
  })
})

test('a channel that needs no part has a message without any, in the base only', () => {
  using folder = new Folder({ 'order/de/console.text.liquid': 'de' })
  const templates = folder.templates()
  assert.equal(templates.exists('order', 'console'), true)
  assert.equal(templates.exists('order', 'sms'), false)
  assert.equal(templates.choose('order', 'console', 'de'), 'de')
  assert.equal(templates.choose('order', 'console', 'fr'), 'en')
  assert.deepEqual(templates.render('order', 'console', 'en', scope({})), {})
})

test('a locale chosen earlier whose templates are gone is rendered in the next best one', () => {
  using folder = new Folder({ ...sms(''), ...sms('de/') })
  const templates = folder.templates()
  assert.equal(templates.choose('order', 'sms', 'de'), 'de')
  folder.remove('order/de/sms.text.liquid')
  const later = folder.templates()
  assert.deepEqual(later.render('order', 'sms', 'de', scope({})), { text: 'base' })
})

test('a locale or folder that cannot be is refused at once', () => {
  using folder = new Folder({})
  assert.throws(() => folder.templates({ locale: 'not a tag', fallbacks: ['x!'] }), {
    code: 'configuration-invalid',
  })
  assert.throws(() => folder.templates({ directory: '/nowhere/at/all' }), {
    code: 'configuration-invalid',
  })
})
