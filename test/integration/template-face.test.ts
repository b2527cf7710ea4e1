import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import * as v from 'valibot'
import { z } from 'zod'
import { email } from '../../channels/email/index.ts'
import type { Outgoing } from '../../src/channel/backend.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import { defineEvent } from '../../src/event/define.ts'
import { temporaryDirectory } from '../support/database.ts'
import { type Engine, onEveryEngine, postgres } from '../support/engines.ts'
import { Folder } from '../unit/template-folder.ts'

const files = {
  '_layouts/mail.liquid': '<body>{% block body %}{% endblock %}<i>{{ recipient.name }}</i></body>',
  'shipped/email.subject.liquid': 'Order {{ orderId }} is on its way\n',
  'shipped/email.html.liquid':
    "{% layout 'mail' %}{% block body %}<p>{{ note }} {{ at | date: 'long' }}</p>{% endblock %}",
  'shipped/de/email.subject.liquid': 'Bestellung {{ orderId }} ist unterwegs',
  'shipped/de/email.html.liquid': '<p>{{ note }} {{ at | datetime }}</p>',
  'broken/email.subject.liquid': 'Hello',
  'broken/email.text.liquid': 'One\n{{ orderId | money: 3 }}',
}

const context = z.object({
  orderId: z.string(),
  note: z.string().default('<b>none</b>'),
  at: z.iso.datetime().transform((text) => new Date(text)),
})

interface User {
  email: string
  fullName: string
  locale?: string
  tz?: string
}

function setUp(t: TestContext, engine: Engine) {
  const folder = new Folder(files)
  const mails: Outgoing<string, Record<string, string | undefined>>[] = []
  const backend = {
    name: 'recorder',
    async send(mail: (typeof mails)[number]) {
      mails.push(mail)
      return {}
    },
  }
  const envoyer = createEnvoyer({
    ...engine.fresh(),
    templates: folder.directory,
    zone: 'Europe/Berlin',
    events: {
      shipped: defineEvent({ context }),
      broken: defineEvent({ context: z.object({ orderId: z.string() }) }),
      untold: defineEvent({ context: v.object({ orderId: v.string() }) }),
      picky: defineEvent({
        context: z.object({ id: z.string().refine((id) => id === '7', 'must be seven') }),
      }),
    },
    channels: { email: email({ backend }) },
    recipient: { data: (user: User) => ({ name: user.fullName.toUpperCase() }) },
  })
  t.after(async () => {
    await envoyer.close()
    folder[Symbol.dispose]()
  })
  return { envoyer, folder, mails }
}

const jane: User = { email: 'jane@x.example', fullName: 'Jane <J>' }
const given = { orderId: '7', note: 'Tom & Co', at: '2026-03-05T23:30:00Z' }

onEveryEngine('a preview', (engine) => {
  test('is what is then sent: layout, escaping, language, zone, override, the text made from HTML', async (t) => {
    const { envoyer, mails } = setUp(t, engine)
    const users = [jane, { ...jane, email: 'b@x.example', locale: 'de-AT', tz: 'America/New_York' }]
    await envoyer.templates.set('shipped', 'email', 'subject', 'Neu: {{ orderId }}', {
      locale: 'de',
    })
    const result = await envoyer.send('shipped', users, given)
    await envoyer.worker()
    await envoyer.waitFor(result)
    for (const user of users) {
      const sent = mails.find(({ address }) => address === user.email)!
      const preview = await envoyer.templates.preview('shipped', 'email', {
        context: given,
        recipient: user,
      })
      assert.deepEqual(preview.parts, { ...sent.message })
      assert.equal(preview.locale, sent.locale)
      assert.deepEqual([preview.context, preview.sample], [given, false])
    }
    const german = mails.find(({ locale }) => locale === 'de')!.message
    assert.equal(german.subject, 'Neu: 7')
    assert.match(String(german.html), /Tom &amp; Co 05\.03\.2026, 18:30/)
    assert.match(String(mails.find(({ locale }) => locale === 'en')!.message.text), /JANE <J>/)
  })
})

describe('templates for operators', () => {
  const engine = postgres

  test('a preview without context or recipient makes both up, sends nothing and writes nothing', async (t) => {
    const { envoyer, mails } = setUp(t, engine)
    const recipient = { email: 'a@x.example', fullName: 'Ann' }
    const { parts, context, sample, locale } = await envoyer.templates.preview('shipped', 'email', {
      locale: 'de_DE',
      recipient,
    })
    assert.deepEqual([sample, locale], [true, 'de'])
    assert.deepEqual(context, {
      orderId: '1042',
      note: '<b>none</b>',
      at: '2026-03-05T14:30:00Z',
    })
    assert.equal(parts.subject, 'Bestellung 1042 ist unterwegs')
    assert.equal(parts.html, '<p>&lt;b&gt;none&lt;/b&gt; 05.03.2026, 15:30</p>')
    assert.equal(parts.text, '<b>none</b> 05.03.2026, 15:30')
    assert.deepEqual([mails.length, await envoyer.deliveries.list()], [0, []])
    // This application's own function wants a `fullName`, which nobody made up has.
    await assert.rejects(envoyer.templates.preview('shipped', 'email'), {
      code: 'sample-impossible',
      message: /give `recipient`/,
    })
  })

  test('a preview that cannot be made says why, and where', async (t) => {
    const { envoyer } = setUp(t, engine)
    const preview = (event: string, options: object = { recipient: jane }) =>
      envoyer.templates.preview(event as 'shipped', 'email', options)
    const broken = { code: 'template-invalid', message: /broken\/email\.text\.liquid:2: / }
    await assert.rejects(preview('broken'), broken)
    await assert.rejects(preview('untold'), { code: 'sample-impossible', message: /`context`/ })
    await assert.rejects(preview('picky'), { code: 'sample-impossible', message: /must be seven/ })
    await assert.rejects(preview('gone'), { code: 'event-unknown' })
    await assert.rejects(envoyer.templates.preview('shipped', 'sms' as 'email'), {
      code: 'channel-unknown',
    })
    const missing = { code: 'template-missing', message: /untold\/email\.subject\.liquid/ }
    await assert.rejects(preview('untold', { context: { orderId: '7' }, recipient: jane }), missing)
    await assert.rejects(preview('shipped', { context: { orderId: 7 }, recipient: jane }), {
      code: 'context-invalid',
      message: /`orderId`/,
    })
    await assert.rejects(preview('shipped', { locale: 'drafts?' }), { code: 'option-invalid' })
  })

  test('get tells the text of a part and where it comes from', async (t) => {
    const { envoyer } = setUp(t, engine)
    const { get, set } = envoyer.templates
    const subject = (locale?: string) =>
      get('shipped', 'email', 'subject', locale === undefined ? {} : { locale })
    const base = {
      body: 'Order {{ orderId }} is on its way',
      source: 'file',
      file: 'shipped/email.subject.liquid',
    }
    assert.deepEqual(await subject(), base)
    assert.deepEqual(await subject('en-GB'), base)
    assert.deepEqual(await subject('fr'), base)
    assert.equal((await subject('de-AT'))?.file, 'shipped/de/email.subject.liquid')
    await set('shipped', 'email', 'subject', 'Neu', { locale: 'de' })
    await set('shipped', 'email', 'subject', 'Nouveau', { locale: 'fr' })
    assert.deepEqual(await subject('de'), { body: 'Neu', source: 'database' })
    // Its language is not complete, so that no message is made of it yet.
    assert.deepEqual(await subject('fr'), { body: 'Nouveau', source: 'database' })
    assert.deepEqual(await subject(), base)
    assert.equal(await get('untold', 'email', 'subject'), undefined)
    await assert.rejects(get('shipped', 'email', 'title' as 'subject'), {
      code: 'template-unknown',
    })
  })

  test('export writes what the database holds as files that hold the same', async (t) => {
    const { envoyer } = setUp(t, engine)
    const { set } = envoyer.templates
    const texts = { '': 'On its way: {{ orderId }}', de: 'Unterwegs\n\n', 'pt-BR': 'A caminho' }
    for (const [locale, body] of Object.entries(texts)) {
      await set('shipped', 'email', 'subject', body, { locale })
    }
    const folder = join(await temporaryDirectory(), 'deep', 'templates')
    const all = ['', 'de/', 'pt-BR/'].map((place) => `shipped/${place}email.subject.liquid`)
    assert.deepEqual(await envoyer.templates.export(folder), { written: all, kept: [] })
    const read = (file: string) => readFileSync(join(folder, file), 'utf8')
    assert.deepEqual(all.map(read), ['On its way: {{ orderId }}\n', 'Unterwegs\n\n', 'A caminho\n'])
    // The same again: nothing is different, whoever wrote it.
    assert.deepEqual(await envoyer.templates.export(folder), { written: all, kept: [] })

    writeFileSync(join(folder, all[1]!), 'By hand')
    const [base, de, pt] = all
    assert.deepEqual(await envoyer.templates.export(folder), { written: [base, pt], kept: [de] })
    assert.equal(read(de!), 'By hand')
    const over = await envoyer.templates.export(folder, { overwrite: true })
    assert.deepEqual(over, { written: all, kept: [] })
    assert.equal(read(de!), 'Unterwegs\n\n')

    const again = createEnvoyer({
      ...engine.fresh(),
      templates: folder,
      events: { shipped: defineEvent({ context }) },
      channels: { email: email({ backend: { name: 'none', send: async () => ({}) } }) },
    })
    t.after(() => again.close())
    const { body } = (await again.templates.get('shipped', 'email', 'subject', { locale: 'de' }))!
    assert.equal(body, 'Unterwegs\n')
    assert.equal(
      (await envoyer.templates.get('shipped', 'email', 'subject', { locale: 'de' }))?.body,
      body,
    )
  })

  test('export stays within the folder', async (t) => {
    const { envoyer } = setUp(t, engine)
    await envoyer.migrate()
    const folder = await temporaryDirectory()
    mkdirSync(join(folder, 'in'))
    await envoyer.transaction(async (manager) => {
      const { schema } = manager.connection.options as { schema: string }
      await manager.query(
        `INSERT INTO "${schema}".template (event, channel, part, locale, body, updated_at)
         VALUES ('../out', 'email', 'subject', '', 'x', now())`,
      )
    })
    await assert.rejects(envoyer.templates.export(join(folder, 'in')), { code: 'option-invalid' })
  })
})
