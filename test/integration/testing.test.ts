import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { z } from 'zod'
import { email, smtp } from '../../channels/email/index.ts'
import { delays } from '../../src/channel/retry.ts'
import { Permanent, RetryAfter } from '../../src/errors.ts'
import { defineEvent } from '../../src/event/define.ts'
import { createTestEnvoyer } from '../../src/testing/index.ts'
import { pager, recorder } from '../support/pager.ts'
import { Folder } from '../unit/template-folder.ts'

const folder = new Folder({
  'welcome/email.subject.liquid': 'Welcome, {{ name }}',
  'welcome/email.text.liquid': 'Good to have you, {{ name }}.',
  'welcome/de/email.subject.liquid': 'Willkommen, {{ name }}',
  'welcome/de/email.text.liquid': 'Schön, dass Sie da sind.',
})

describe('createTestEnvoyer', () => {
  const envoyer = createTestEnvoyer({
    templates: folder.directory,
    events: {
      welcome: defineEvent({ context: z.object({ name: z.string() }), channels: ['email'] }),
      reminder: defineEvent({ context: z.object({ n: z.number() }), channels: ['pager'] }),
    },
    channels: {
      // A backend that could never send: it is not used.
      email: email({ backend: smtp({ url: 'smtp://127.0.0.1:9', from: 'a@shop.example' }) }),
      pager: pager({ backend: recorder(), retry: delays([3_600_000, 3_600_000], { jitter: 0 }) }),
    },
  })
  beforeEach(() => envoyer.clear())
  after(async () => {
    await envoyer.close()
    folder[Symbol.dispose]()
  })

  test('tells what went out, rendered, in the language of the recipient', async () => {
    await envoyer.send(
      'welcome',
      { email: 'Ada@Example.com', userId: 1, locale: 'de' },
      { name: 'Ada' },
    )
    const [mail] = await envoyer.assertSent('welcome', {
      channel: 'email',
      to: 'ada@example.com',
      user: 1,
      locale: 'de',
      context: { name: 'Ada' },
      message: { subject: 'Willkommen, Ada', text: /^Schön/ },
      count: 1,
    })
    assert.equal(mail!.message.subject, 'Willkommen, Ada')
    await envoyer.assertNotSent('welcome', { locale: 'en' })
    assert.equal((await envoyer.sent()).length, 1)
  })

  test('says what was expected and what happened', async () => {
    await envoyer.send('welcome', [{ email: 'a@x.example' }, { pager: '1' } as never], {
      name: 'Ada',
    })
    await assert.rejects(envoyer.assertSent('welcome', { to: 'b@x.example' }), (error: Error) => {
      assert.match(
        error.message,
        /Expected at least one of welcome, to "b@x\.example"; there were 0/,
      )
      assert.match(
        error.message,
        /welcome over email to a@x\.example \(en\) subject: "Welcome, Ada"/,
      )
      assert.match(error.message, /email: no-address \(recipient 1\)/)
      return true
    })
    await assert.rejects(envoyer.assertNotSent('welcome'), /Expected no welcome; there were 1/)
    await assert.rejects(envoyer.assertNothingSent(), /Expected that nothing is sent/)
    await assert.rejects(
      envoyer.assertSent('welcome', { adress: 'x' } as never),
      /no condition `adress`/,
    )
    assert.equal(envoyer.assertSkipped('no-address', { channel: 'email' }).length, 1)
    assert.throws(() => envoyer.assertSkipped('channel-off'), /channel-off/)
  })

  test('nothing sent is nothing sent', async () => {
    await envoyer.assertNothingSent()
    assert.throws(() => envoyer.assertSkipped('no-address'))
  })

  test('moves the clock to what is scheduled, and through retries, without waiting', async () => {
    const tomorrow = new Date(envoyer.now().getTime() + 86_400_000)
    await envoyer.send('reminder', { pager: '1' }, { n: 1 }, { at: tomorrow })
    await envoyer.assertNothingSent()
    await envoyer.advance(86_399_000)
    await envoyer.assertNothingSent()
    envoyer.fail('pager', new Error('no line'), 2)
    await envoyer.advance(tomorrow)
    await envoyer.assertNothingSent()
    await envoyer.advance(3_600_000)
    await envoyer.assertNothingSent()
    await envoyer.advance(3_600_000)
    const [page] = await envoyer.assertSent('reminder', { count: 1 })
    assert.ok(page!.at.getTime() - tomorrow.getTime() >= 7_200_000)
    await assert.rejects(envoyer.advance('2001-01-01T00:00:00Z'), RangeError)
  })

  test('does not wait for an operator or a pause, and goes on after it', async () => {
    const ada = { email: 'ada@example.com', userId: 'ada' }
    const welcome = () => envoyer.send('welcome', ada, { name: 'Ada' })
    const paused = new RetryAfter(60_000, 'slow down', { code: 'http-429', scope: 'backend' })
    envoyer.fail('email', paused)
    await welcome()
    await envoyer.assertNothingSent()
    await envoyer.advance(3_600_000)
    await envoyer.assertSent('welcome', { count: 1 })
    await envoyer.settings.set('email', { paused: true })
    await welcome()
    await envoyer.assertSent('welcome', { count: 1 })
    await envoyer.settings.set('email', { paused: false })
    await envoyer.assertSent('welcome', { count: 2 })
  })

  test('knows every member of a group', async () => {
    const people = ['ada', 'ben'].map((userId) => ({ email: `${userId}@example.com`, userId }))
    const together = { grouping: { email: 'together' } } as const
    await envoyer.send('welcome', people, { name: 'all' }, together)
    await envoyer.assertSent('welcome', { to: 'ben@example.com', user: 'ben', count: 1 })
  })

  test('a failure for good is seen as the application would see it', async () => {
    const failed: string[] = []
    const off = envoyer.on('delivery:failed', ({ code }) => void failed.push(code))
    envoyer.fail('pager', new Permanent('no such number', { code: 'unknown-number' }))
    const result = await envoyer.send('reminder', { pager: '9' }, { n: 2 })
    await envoyer.deliver()
    assert.deepEqual(await envoyer.waitFor(result), { sent: 0, failed: 1, cancelled: 0 })
    assert.deepEqual(failed, ['unknown-number'])
    off()
  })
})

describe('the clock of the test envoyer', () => {
  const start = () =>
    createTestEnvoyer({
      zone: 'Europe/Berlin',
      events: {
        report: defineEvent({
          context: z.object({ n: z.number() }),
          channels: ['pager'],
          windows: [{ days: 'mon-fri', from: '09:00', to: '18:00' }],
        }),
        note: defineEvent({ context: z.object({ n: z.number() }), channels: ['pager'] }),
      },
      channels: {
        pager: pager({ backend: recorder(), retry: delays([3_600_000], { jitter: 0 }) }),
      },
    })
  const instants = (sent: readonly { to: string; at: Date }[]) =>
    sent.map(({ to, at }) => `${to} ${at.toISOString().slice(0, 19)}`)
  const people: { pager: string; tz?: string }[] = [
    { pager: 'berlin' },
    { pager: 'lima', tz: 'America/Lima' },
    { pager: 'kathmandu', tz: 'Asia/Kathmandu' },
  ]

  test('goes over a change of the clock, each message at its own time', async () => {
    await using envoyer = start()
    // The weekend on which Berlin puts its clock forward, years from now; Lima and Kathmandu do not.
    await envoyer.advance('2031-03-28T20:00:00Z')
    await envoyer.send('report', people, { n: 1 })
    assert.deepEqual(
      (await envoyer.waiting()).map(({ to, text, reason }) => [to, text, reason]),
      [
        ['kathmandu', 'Mon 31 Mar 2031 09:00 Asia/Kathmandu (window)', 'window'],
        ['berlin', 'Mon 31 Mar 2031 09:00 Europe/Berlin (window)', 'window'],
      ],
    )
    await envoyer.advance('2031-03-31T03:14:59Z')
    assert.deepEqual(instants(await envoyer.sent()), ['lima 2031-03-28T20:00:00'])
    await envoyer.advance('2031-03-31T20:00:00Z')
    assert.deepEqual(instants(await envoyer.sent()).slice(1), [
      'kathmandu 2031-03-31T03:15:00',
      // 08:00Z before the change.
      'berlin 2031-03-31T07:00:00',
    ])
    assert.deepEqual(await envoyer.waiting(), [])
  })

  test('a jump over a weekend sends at the openings in between, retries too', async () => {
    await using envoyer = start()
    await envoyer.advance('2031-03-28T16:30:00Z') // Friday 17:30 in Berlin
    envoyer.fail('pager', new Error('not now'))
    await envoyer.send('report', people[0]!, { n: 1 })
    await envoyer.send('note', { pager: 'later' }, { n: 2 }, { at: '2031-03-30T12:00:00Z' })
    assert.deepEqual(
      (await envoyer.waiting()).map(({ to, reason }) => [to, reason]),
      [
        ['berlin', 'retry'],
        ['later', 'open'],
      ],
    )
    // In the night from Tuesday to Wednesday everything is shut.
    await envoyer.advance('2031-04-02T01:00:00Z')
    assert.deepEqual(instants(await envoyer.sent()), [
      'later 2031-03-30T12:00:00',
      'berlin 2031-03-31T07:00:00',
    ])
    assert.ok(Math.abs(Number(envoyer.now()) - Date.parse('2031-04-02T01:00:00Z')) < 5000)
  })
})
