import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { defineChannel } from '../../src/channel/channel.ts'
import { createEnvoyer, type Envoyer } from '../../src/envoyer.ts'
import { Permanent } from '../../src/errors.ts'
import { defineEvent } from '../../src/event/define.ts'
import type { SendResult } from '../../src/outbox/result.ts'
import { freshSchema, onEveryEngine } from '../support/engines.ts'
import { type Page, pager, recorder } from '../support/pager.ts'

const address = {
  parse(value: unknown) {
    if (!String(value).includes('@')) throw new Error(`not an address: ${value}`)
    return String(value)
  },
  key: (given: string) => given.toLowerCase(),
}
const define = (recipientKey: string) =>
  defineChannel({
    address: { ...address, recipientKey },
    parts: { text: 'optional' },
    groupAtMost: 10,
  })
const [mail, handle] = [define('email'), define('handle')]

const event = (channel: string, more: { fallback?: string } = {}) =>
  defineEvent({ context: z.object({ note: z.string() }), channels: [channel], ...more })

const jane = {
  userId: 'u-jane',
  email: 'Jane@home.example',
  pager: 'jane-pager',
  tz: 'Europe/Paris',
}
const ben: { userId: string; email: string; pager: string; tz?: string } = {
  userId: 'u-ben',
  email: 'ben@home.example',
  pager: 'ben-pager',
}
const maryjane: { userId: string; email: string; tz?: string } = {
  userId: 'u-mary',
  email: 'mary-jane@home.example',
}
const later = () => ({ at: new Date(Date.now() + 3_600_000) })

interface Given {
  readonly userId?: string
  readonly email?: string
  /** Is not stored. */
  readonly mailbox?: string
}

/** Names are of no interest here. */
interface Loose extends Omit<Envoyer<never, never>, 'send'> {
  send(event: string, to: object, context: object, options: object): Promise<SendResult>
}

onEveryEngine('erasing a person', (engine) => {
  const setUp = () => {
    const schema = freshSchema()
    const behave = ({ address }: Page) => {
      const request = { to: address }
      if (address === 'jane-pager') {
        throw new Permanent(`${address} is gone`, { code: 'gone', exchange: { request } })
      }
    }
    const backend = recorder(behave)
    const envoyer = createEnvoyer({
      ...engine.fresh(),
      schema,
      events: {
        letter: event('mail'),
        circular: event('group'),
        page: event('pager', { fallback: 'mail' }),
        chat: event('chat'),
      },
      channels: {
        mail: mail({ backend }),
        group: mail({ backend, grouping: 'together' }),
        chat: handle({ backend, grouping: 'together' }),
        pager: pager({ backend }),
      },
      recipient: {
        address: { mail: ({ mailbox, email }: Given) => mailbox ?? email },
        data: ({ userId }: Given) => ({ greeting: `Dear ${userId}` }),
      },
    } as never) as unknown as Loose
    /** All that is stored, as one text. */
    const stored = async () => {
      let text = ''
      for (const table of ['notification', 'delivery', 'attempt']) {
        const rows = await envoyer.transaction((manager) =>
          manager.query(`SELECT to_jsonb(t)::text AS row FROM ${schema}.${table} t`),
        )
        text += (rows as { row: string }[]).map(({ row }) => row).join('\n')
      }
      return text
    }
    const send = async (name: string, to: object, note: string, options: object = {}) =>
      envoyer.send(name, to, { note }, options)
    return { envoyer, backend, send, stored }
  }
  test('leaves of their deliveries only what is counted', async () => {
    const { envoyer, send, stored } = setUp()
    const worker = await envoyer.worker()
    const ends = [
      await send('letter', jane, 'for-jane-only'),
      await send('letter', [jane, ben], 'for-both'),
      await send('page', jane, 'page-jane'),
    ]
    for (const each of ends) await envoyer.waitFor(each)
    await worker.stop()
    const waits = await send('letter', jane, 'later-for-jane', later())
    await send('letter', ben, 'later-for-ben', later())
    await send('page', [{ userId: 'u-jane' }, ben], 'nowhere', later())
    const before = await stored()
    assert.ok(
      ['u-jane', 'Jane@home', 'jane-pager', 'jane-only'].every((each) => before.includes(each)),
    )

    const would = await envoyer.erase({ user: 'u-jane' }, { dryRun: true })
    assert.equal(await stored(), before)
    // Two letters, the page with its fallback, and what waits.
    assert.deepEqual(would, { deliveries: 5, notifications: 3, cancelled: 1, left: 0 })
    assert.deepEqual(await envoyer.erase({ user: 'u-jane' }), would)
    const after = await stored()
    for (const trace of [
      /u-jane/,
      /jane@home/i,
      /jane-pager/,
      /jane-only/,
      /page-jane/,
      /later-for-jane/,
    ]) {
      assert.doesNotMatch(after, trace)
    }
    for (const kept of ['u-ben', 'ben@home.example', 'for-both', 'later-for-ben']) {
      assert.ok(after.includes(kept), kept)
    }
    assert.deepEqual(await envoyer.waitFor(waits), { sent: 0, failed: 0, cancelled: 1 })
    const [failed] = await envoyer.deliveries.list({ code: 'gone' })
    assert.deepEqual([failed!.status, failed!.users, failed!.errorText], ['failed', [], null])
    assert.ok(failed!.erasedAt instanceof Date && failed!.settledAt instanceof Date)
    await assert.rejects(envoyer.deliveries.retry(failed!.id), /has been erased.*delivery-state/s)
    assert.deepEqual(await envoyer.deliveries.retryAll({ code: 'gone' }), { retried: 0, left: 1 })
    const nothing = { deliveries: 0, notifications: 0, cancelled: 0, left: 0 }
    assert.deepEqual(await envoyer.erase({ user: 'u-jane' }), nothing)
    await envoyer.close()
  })

  test('by address takes them out of groups, and leaves the others', async () => {
    const { envoyer, backend, send, stored } = setUp()
    const worker = await envoyer.worker()
    const people = [jane, ben, maryjane].map(({ tz, ...each }) => each)
    await envoyer.waitFor(await send('circular', people, 'x'))
    await worker.stop()
    const waits = await send('circular', people, 'y', later())
    const erased = await envoyer.erase({ to: 'JANE@home.example' })
    assert.deepEqual(erased, { deliveries: 2, notifications: 0, cancelled: 0, left: 0 })
    assert.doesNotMatch(await stored(), /u-jane|"jane@home/i)
    const { id } = waits.deliveries[0]!
    await envoyer.deliveries.reschedule(id)
    await envoyer.worker()
    await envoyer.waitFor(waits)
    assert.deepEqual(backend.sent.at(-1)!.addresses, ['ben@home.example', 'mary-jane@home.example'])
    assert.deepEqual((await envoyer.deliveries.get(id)).users, ['u-ben', 'u-mary'])
    await envoyer.close()
  })

  test('says what it has to leave: a group that waits and does not tell whose is what', async () => {
    const { envoyer, send, stored } = setUp()
    const waits = await send(
      'chat',
      [
        { userId: 'u-jane', handle: '@jane' },
        { userId: 'u-ben', handle: '@ben' },
      ],
      'x',
      later(),
    )
    const left = { deliveries: 0, notifications: 0, cancelled: 0, left: 1 }
    assert.deepEqual(await envoyer.erase({ user: 'u-jane' }), left)
    await envoyer.deliveries.reschedule(waits.deliveries[0]!.id)
    await envoyer.worker()
    await envoyer.waitFor(waits)
    assert.deepEqual(await envoyer.erase({ user: 'u-jane' }), {
      ...{ deliveries: 1, notifications: 1, cancelled: 0, left: 0 },
    })
    assert.doesNotMatch(await stored(), /u-jane|@jane/)
    await envoyer.close()
  })

  test('does not touch what is being sent', async () => {
    const { envoyer, send, backend } = setUp()
    let letGo: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const { send: sendNow } = backend
    let begun: () => void = () => {}
    const sending = new Promise<void>((resolve) => {
      begun = resolve
    })
    backend.send = async (page) => {
      begun()
      await held
      return sendNow(page)
    }
    await envoyer.worker()
    const sent = await send('letter', jane, 'x')
    await sending
    assert.equal((await envoyer.erase({ user: 'u-jane' })).left, 1)
    letGo()
    assert.equal((await envoyer.waitFor(sent)).sent, 1)
    assert.equal((await envoyer.erase({ user: 'u-jane' })).deliveries, 1)
    await envoyer.close()
  })

  test('takes an address out of the fallbacks of what waits', async () => {
    const { envoyer, send, stored, backend } = setUp()
    const failing = { userId: 'u-x', pager: 'jane-pager', mailbox: jane.email }
    const waits = await send('page', failing, 'x', later())
    assert.deepEqual(await envoyer.erase({ to: 'Jane@Home.example' }), {
      ...{ deliveries: 1, notifications: 0, cancelled: 0, left: 0 },
    })
    assert.doesNotMatch(await stored(), /jane@home/i)
    await envoyer.deliveries.reschedule(waits.deliveries[0]!.id)
    await envoyer.worker()
    assert.equal((await envoyer.waitFor(waits)).failed, 1)
    assert.equal(backend.sent.length, 0)
    await envoyer.close()
  })

  test('by address takes all that went to whom has it, on whichever channel', async () => {
    const { envoyer, send, stored } = setUp()
    const worker = await envoyer.worker()
    for (const to of [{ pager: '1', email: 'JANE@home.example' }, ben, maryjane]) {
      await envoyer.waitFor(await send('page', to, 'x'))
    }
    await envoyer.waitFor(await send('chat', [{ handle: 'jj@chat', email: jane.email }, ben], 'x'))
    await worker.stop()
    const erased = await envoyer.erase({ to: jane.email })
    assert.deepEqual(erased, { deliveries: 2, notifications: 2, cancelled: 0, left: 0 })
    assert.doesNotMatch(await stored(), /"jane@home|jj@chat/i)
    assert.match(await stored(), /mary-jane@home.*ben@home|ben@home.*mary-jane@home/s)
    await envoyer.close()
  })

  test('refuses what names nobody', async () => {
    const { envoyer } = setUp()
    for (const whose of [{}, { user: '' }, { to: 'a', user: 'b' }, { email: 'x' }, undefined]) {
      await assert.rejects(envoyer.erase(whose as never), { code: 'option-invalid' })
    }
    await envoyer.close()
  })
})
