import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { z } from 'zod'
import { delays } from '../../src/channel/retry.ts'
import { type EnvoyerError, Permanent } from '../../src/errors.ts'
import { defineEvent } from '../../src/event/define.ts'
import type { Surroundings } from '../../src/option/configuration.ts'
import { createClockedEnvoyer } from '../support/clocked.ts'
import { until } from '../support/database.ts'
import { onEveryEngine } from '../support/engines.ts'
import { type Page, pager, recorder } from '../support/pager.ts'

const context = z.object({ what: z.string() })
const daily = { from: '08:00', to: '21:00' }
const office = { days: 'mon-fri', from: '09:00', to: '18:00' }

/** The evening before the clock is put forward: Saturday 21:00 in Berlin. */
const saturday = '2026-03-28T20:00:00Z'
const mondayAtNine = '2026-03-30T07:00:00.000Z'

onEveryEngine('windows', (engine) => {
  const opened: { close(): Promise<void> }[] = []
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close()
  })

  function start(
    at: string,
    behave: (page: Page) => void = () => {},
    place: Pick<
      Surroundings,
      'directory' | 'databaseUrl' | 'schema' | 'migrations'
    > = engine.fresh(),
  ) {
    const backend = recorder(behave)
    const backup = recorder()
    const clocked = createClockedEnvoyer(
      {
        ...place,
        zone: 'Europe/Berlin',
        onFailure: () => {},
        events: {
          report: defineEvent({
            context,
            channels: ['pager'],
            windows: [office],
          }),
          alarm: defineEvent({ context, channels: ['pager'], immediate: true }),
          note: defineEvent({ context, channels: ['pager'], fallback: 'backup' }),
          night: defineEvent({
            context,
            channels: ['pager'],
            windows: [{ from: '22:00', to: '06:00' }],
          }),
          flood: defineEvent({
            context,
            channels: ['pager'],
            windows: [{ from: '09:00', to: '09:30' }],
            spreadMs: 3_600_000,
          }),
          plain: defineEvent({ context, channels: ['backup'] }),
        },
        channels: {
          pager: pager({
            backend,
            windows: [daily],
            retry: delays([60_000, 60_000, 12 * 3_600_000], { jitter: 0 }),
          }),
          backup: pager({ backend: backup }),
        },
      },
      at,
    )
    opened.push(clocked.envoyer)
    const sent = () => backend.sent.map(({ address }) => address)
    const status = async (id: string) => (await clocked.envoyer.deliveries.get(id)).status
    const work = () => clocked.envoyer.worker({ pollMs: 20, stopOn: [] })
    const settled = (id: string) =>
      until(async () => !['pending', 'sending'].includes(await status(id)), 'the end')
    const sentBy = (to: string) => until(async () => sent().includes(to), `a message to ${to}`)
    return { ...clocked, backend, backup, sent, work, settled, sentBy, status, place }
  }

  test('one send reaches each recipient when both windows are open there', async () => {
    const { envoyer, set, work, sent, sentBy } = start(saturday)
    await work()
    const result = await envoyer.send(
      'report',
      [
        { pager: 'berlin' },
        { pager: 'kathmandu', tz: 'Asia/Kathmandu' },
        { pager: 'los-angeles', tz: 'America/Los_Angeles' },
      ],
      { what: 'the week' },
    )
    assert.deepEqual(
      result.deliveries.map(({ to, zone, sendAt, reason }) => [
        to,
        zone,
        sendAt?.toISOString(),
        reason,
      ]),
      [
        ['berlin', 'Europe/Berlin', mondayAtNine, 'window'],
        ['kathmandu', 'Asia/Kathmandu', '2026-03-30T03:15:00.000Z', 'window'],
        ['los-angeles', 'America/Los_Angeles', '2026-03-30T16:00:00.000Z', 'window'],
      ],
    )
    const order = ['kathmandu', 'berlin', 'los-angeles']
    for (const [n, at] of [
      '2026-03-30T03:15:00Z',
      mondayAtNine,
      '2026-03-30T16:00:00Z',
    ].entries()) {
      set(new Date(Date.parse(at) - 1000).toISOString())
      await new Promise((resolve) => setTimeout(resolve, 150))
      assert.deepEqual(sent(), order.slice(0, n), `a second before ${at}`)
      set(at)
      await sentBy(order[n]!)
    }
    assert.deepEqual(sent(), order)
  })

  test('immediate of the recipient, the call or the event passes the windows by', async () => {
    const { envoyer, work, sentBy } = start('2026-03-28T02:00:00Z')
    await work()
    const results = [
      await envoyer.send('report', { pager: 'person', immediate: true }, { what: 'a' }),
      await envoyer.send('report', { pager: 'call' }, { what: 'a' }, { immediate: true }),
      await envoyer.send('alarm', { pager: 'event' }, { what: 'a' }),
    ]
    assert.deepEqual(
      results.map(({ deliveries: [one] }) => [one!.sendAt, one!.reason]),
      Array.from({ length: 3 }, () => [null, 'immediate']),
    )
    await Promise.all(['person', 'call', 'event'].map(sentBy))
  })

  test('an unknown zone is noted, and the zone of the envoyer is used', async () => {
    const { envoyer } = start(saturday)
    const send = (tz: string) => envoyer.send('report', { pager: 'p', tz }, { what: tz })
    const { deliveries, notificationId } = await send('Europe/Berlln')
    const [one] = deliveries
    assert.deepEqual(
      [one!.zone, one!.sendAt?.toISOString(), one!.notes],
      ['Europe/Berlin', mondayAtNine, ['zone-unknown']],
    )
    assert.deepEqual((await envoyer.deliveries.get(one!.id)).notes, ['zone-unknown'])
    assert.deepEqual((await envoyer.deliveries.list({ notificationId }))[0]!.notes, [
      'zone-unknown',
    ])
    assert.deepEqual((await send('europe/berlin')).deliveries[0]!.notes, [])
    // Knows no summer time, so it is no zone.
    assert.deepEqual((await send('+02:00')).deliveries[0]!.notes, ['zone-unknown'])
  })

  test('windows that never meet hold nothing back, and the result says so', async () => {
    const { envoyer, work, sentBy } = start('2026-06-05T01:00:00Z')
    const night = await envoyer.send('night', { pager: 'now' }, { what: 'a' })
    // The channel is open from 08:00 to 21:00, the event from 22:00 to 06:00.
    assert.deepEqual(night.deliveries[0]!.reason, 'windows-never-meet')
    await work()
    await sentBy('now')
  })

  test('what closed dates leave no opening fails, and goes over its fallback', async () => {
    const { envoyer, work, settled, backup, sent } = start(saturday)
    await envoyer.windows.set(
      { channel: 'pager' },
      { windows: [], except: [{ from: '2026-01-01', to: '2099-12-31' }] },
    )
    await work()
    const { deliveries } = await envoyer.send('note', { pager: 'p' }, { what: 'a' })
    const { id, reason } = deliveries[0]!
    assert.equal(reason, 'no-opening')
    await settled(id)
    const { status, errorCode, attempts, failures } = await envoyer.deliveries.get(id)
    assert.deepEqual([status, errorCode, attempts, failures], ['failed', 'no-opening', 0, []])
    await until(async () => backup.sent.length === 1, 'the fallback')
    assert.deepEqual(sent(), [])
  })

  test('`at` is the earliest, and the opening is looked for from there', async () => {
    const { envoyer } = start('2026-06-05T10:00:00Z')
    const at = async (at: Date | string, event: 'note' | 'report' = 'note') => {
      const { deliveries } = await envoyer.send(event, { pager: 'p' }, { what: 'a' }, { at })
      return [deliveries[0]!.sendAt?.toISOString(), deliveries[0]!.reason]
    }
    assert.deepEqual(await at('2026-06-05T16:00:00+02:00'), ['2026-06-05T14:00:00.000Z', 'open'])
    assert.deepEqual(await at(new Date('2026-06-06T03:00:00Z')), [
      '2026-06-06T06:00:00.000Z',
      'window',
    ])
    assert.deepEqual(await at('2026-06-06T10:00:00Z', 'report'), [
      '2026-06-08T07:00:00.000Z',
      'window',
    ])
    // What is past is now.
    assert.deepEqual(await at('2026-06-01T00:00:00Z'), [undefined, 'open'])
  })

  test('`now` moves the first opening, and nothing else', async () => {
    const { envoyer, work, settled, sent } = start('2026-06-05T10:00:00Z')
    await work()
    const sendAt = async (now: string) => {
      const options = { now, deadlineMs: 3_600_000 }
      const result = await envoyer.send('report', { pager: 'p' }, { what: now }, options)
      return result.deliveries[0]!
    }
    // As if it were Friday evening: it would open on Monday, an hour from the call is over then.
    const late = await sendAt('2026-06-05T17:00:00Z')
    assert.equal(late.reason, 'deadline-passed')
    await settled(late.id)
    assert.deepEqual(sent(), [])
    const past = await sendAt('2026-06-01T17:00:00Z')
    assert.deepEqual([past.sendAt, past.reason], [null, 'window'])
    await settled(past.id)
    assert.deepEqual(sent(), ['p'])
  })

  test('a worker that was down over the window waits for the next one', async () => {
    const { envoyer, set, work, status, sent, sentBy } = start('2026-06-05T10:00:00Z')
    const deferred: string[] = []
    envoyer.on('delivery:deferred', ({ sendAt }) => void deferred.push(sendAt.toISOString()))
    const { deliveries } = await envoyer.send('report', { pager: 'p' }, { what: 'a' })
    const { id, reason } = deliveries[0]!
    assert.equal(reason, 'open')
    set('2026-06-06T01:00:00Z') // Saturday 03:00
    await work()
    await until(async () => deferred.length === 1, 'the put-off')
    const { status: is, sendAt, attempts, reason: why } = await envoyer.deliveries.get(id)
    assert.deepEqual(
      [is, sendAt.toISOString(), attempts, why],
      ['pending', '2026-06-08T07:00:00.000Z', 0, 'window'],
    )
    assert.deepEqual(deferred, ['2026-06-08T07:00:00.000Z'])
    assert.deepEqual(sent(), [])
    set('2026-06-08T07:00:00Z')
    await sentBy('p')
    await until(async () => (await status(id)) === 'sent', 'the end')
    assert.equal((await envoyer.deliveries.get(id)).attempts, 1)
  })

  test('a retry does not go out at night', async () => {
    let tries = 0
    const { envoyer, set, work, sent, sentBy } = start('2026-06-05T15:59:30Z', () => {
      tries += 1
      if (tries === 1) throw new Error('not now')
    })
    await work()
    const { deliveries } = await envoyer.send('report', { pager: 'p' }, { what: 'a' })
    const { id } = deliveries[0]!
    await until(async () => tries === 1, 'a try')
    await until(async () => (await envoyer.deliveries.get(id)).reason === 'retry', 'the retry')
    set('2026-06-05T16:00:31Z') // Friday 18:00:31
    await until(async () => (await envoyer.deliveries.get(id)).reason === 'window', 'the put-off')
    assert.equal(
      (await envoyer.deliveries.get(id)).sendAt.toISOString(),
      '2026-06-08T07:00:00.000Z',
    )
    assert.equal(tries, 1)
    set('2026-06-08T07:00:00Z')
    await sentBy('p')
    assert.deepEqual([tries, sent()], [2, ['p']])
  })

  test('what opens after its deadline fails, is sent, cancelled, or falls back, as the call says', async () => {
    // It is 23:00, and the channel opens at 08:00.
    const { envoyer, work, settled, sent, backup } = start('2026-03-28T22:00:00Z')
    await work()
    const cancelled: string[] = []
    envoyer.on('delivery:cancelled', ({ id }) => void cancelled.push(id))
    const send = async (pager: string, options: object) => {
      const deadline = '2026-03-29T05:00:00Z'
      const result = await envoyer.send('note', { pager }, { what: 'a' }, { deadline, ...options })
      const { id, reason } = result.deliveries[0]!
      assert.equal(reason, 'window-after-deadline')
      await settled(id)
      const { status, errorCode, attempts } = await envoyer.deliveries.get(id)
      return [status, errorCode, attempts]
    }
    assert.deepEqual(await send('fail', {}), ['failed', 'window-after-deadline', 0])
    assert.deepEqual(await send('send', { afterDeadline: 'send' }), ['sent', null, 1])
    assert.deepEqual(await send('cancel', { afterDeadline: 'cancel' }), [
      ...['cancelled', 'window-after-deadline', 0],
    ])
    assert.equal(cancelled.length, 1)
    assert.deepEqual(await send('fallback', { afterDeadline: 'fallback' }), [
      ...['failed', 'window-after-deadline', 0],
    ])
    await until(async () => backup.sent.length > 0, 'the fallback')
    assert.deepEqual(sent(), ['send'])
    assert.deepEqual(
      backup.sent.map(({ address }) => address),
      ['fallback'],
    )
  })

  test('no try begins after the deadline: not the next one, and none of a worker that was down', async () => {
    let tries = 0
    const { envoyer, set, work, settled, backup } = start('2026-06-05T10:00:00Z', () => {
      tries += 1
      throw new Error('not now')
    })
    const worker = await work()
    const options = { deadlineMs: 90_000 }
    const first = await envoyer.send('note', { pager: 'retried' }, { what: 'a' }, options)
    const { id } = first.deliveries[0]!
    await until(async () => (await envoyer.deliveries.get(id)).reason === 'retry', 'the retry')
    set('2026-06-05T10:01:01Z')
    await settled(id)
    const ended = await envoyer.deliveries.get(id)
    assert.deepEqual([tries, ended.status, ended.errorCode], [2, 'failed', 'error'])
    assert.match(ended.errorText!, /No try is left before its deadline/)
    assert.equal(backup.sent.length, 0)
    const instead = { ...options, afterDeadline: 'fallback' as const }
    set('2026-06-05T10:10:00Z')
    const third = await envoyer.send('note', { pager: 'instead' }, { what: 'b' }, instead)
    const { id: other } = third.deliveries[0]!
    await until(async () => (await envoyer.deliveries.get(other)).reason === 'retry', 'the retry')
    set('2026-06-05T10:11:01Z')
    await until(async () => backup.sent.length === 1, 'the fallback')
    tries = 2
    await worker.stop()

    const second = await envoyer.send('note', { pager: 'down' }, { what: 'a' }, options)
    set('2026-06-05T11:00:00Z')
    await work()
    await settled(second.deliveries[0]!.id)
    const { errorCode, attempts } = await envoyer.deliveries.get(second.deliveries[0]!.id)
    assert.deepEqual([errorCode, attempts, tries], ['deadline-passed', 0, 2])
    // An operator who retries it lets it go all the same.
    await envoyer.deliveries.retry(second.deliveries[0]!.id)
    await until(async () => tries === 3, 'the retry')
  })

  test('operators set windows that win over the code, list and clear them', async () => {
    const place = engine.fresh()
    const { envoyer } = start('2026-06-05T10:00:00Z', () => {}, place)
    const sendAt = async () =>
      (
        await envoyer.send('note', { pager: 'p' }, { what: 'a' })
      ).deliveries[0]!.sendAt?.toISOString()
    assert.equal(await sendAt(), undefined)
    await envoyer.windows.set({ channel: 'pager' }, [{ from: '16:00', to: '17:00' }])
    assert.equal(await sendAt(), '2026-06-05T14:00:00.000Z')
    await envoyer.windows.set({ event: 'note' }, { windows: [], except: ['2026-06-05'] })
    assert.equal(await sendAt(), '2026-06-06T14:00:00.000Z')
    const listed = await envoyer.windows.list()
    assert.deepEqual(
      listed.map(({ kind, name, source }) => `${kind} ${name}: ${source}`),
      [
        'channel pager: settings',
        'event report: code',
        'event note: settings',
        'event night: code',
        'event flood: code',
      ],
    )
    await envoyer.windows.clear({ event: 'note' })
    await envoyer.windows.set({ channel: 'pager' }, [])
    assert.equal(await sendAt(), undefined)
    await envoyer.windows.clear({ channel: 'pager' })
    await assert.rejects(
      envoyer.windows.set({ channel: 'pager' }, [{ from: '9:00', to: '9:00' }]),
      { code: 'option-invalid' },
    )
    await assert.rejects(envoyer.windows.set({ channel: 'fax' } as never, []), {
      code: 'channel-unknown',
    })
    await assert.rejects(envoyer.windows.clear({} as never), { code: 'option-invalid' })
  })

  test('changed windows are applied to what waits, after a look at what would move', async () => {
    const { envoyer } = start(saturday)
    const users = Array.from({ length: 1300 }, (_, n) => ({ pager: `p-${n}` }))
    await envoyer.send('report', users, { what: 'a' })
    const { deliveries } = await envoyer.send(
      'note',
      { pager: 'other' },
      { what: 'b' },
      {
        at: '2026-03-29T10:00:00Z',
      },
    )
    assert.deepEqual(await envoyer.windows.apply(), { waiting: 1301, moved: 0, moves: [] })
    await envoyer.windows.set({ event: 'report' }, [{ days: 'sun', from: '10:00', to: '12:00' }])
    const dry = await envoyer.windows.apply({ dryRun: true })
    assert.deepEqual([dry.waiting, dry.moved, dry.moves.length], [1301, 1300, 100])
    const [move] = dry.moves
    assert.deepEqual(
      [move!.from.toISOString(), move!.to.toISOString(), move!.reason, move!.event],
      [mondayAtNine, '2026-03-29T08:00:00.000Z', 'window', 'report'],
    )
    const before = await envoyer.deliveries.get(move!.id)
    assert.equal(before.sendAt.toISOString(), mondayAtNine)
    assert.equal((await envoyer.windows.apply()).moved, 1300)
    const [first] = await envoyer.deliveries.list({ scheduled: true, limit: 1 })
    assert.equal(first!.sendAt.toISOString(), '2026-03-29T08:00:00.000Z')
    assert.equal((await envoyer.windows.apply()).moved, 0)
    // Its time was asked for, and is kept.
    const other = await envoyer.deliveries.get(deliveries[0]!.id)
    assert.equal(other.sendAt.toISOString(), '2026-03-29T10:00:00.000Z')
    await envoyer.windows.set({ event: 'report' }, [])
    await envoyer.windows.set({ channel: 'pager' }, [])
    // Nothing holds them back any more.
    assert.equal((await envoyer.windows.apply()).moved, 1300)
    assert.equal((await envoyer.deliveries.list({ scheduled: true })).length, 1)
  })

  test('a spread stays inside the window, is the same each time, and is made anew in the next one', async () => {
    const { envoyer, set, work, backend } = start('2026-06-05T01:00:00Z')
    const users = Array.from({ length: 400 }, (_, n) => ({ pager: `p-${n}` }))
    const { deliveries } = await envoyer.send('flood', users, { what: 'a' })
    const from = Date.parse('2026-06-05T07:00:00Z')
    const minutes = deliveries.map(({ sendAt }) => (Number(sendAt) - from) / 60_000)
    // An hour was asked for; the window is open for half of it.
    assert.ok(Math.min(...minutes) >= 0 && Math.max(...minutes) < 30)
    for (let at = 0; at < 30; at += 10) {
      const share = minutes.filter((each) => each >= at && each < at + 10).length
      assert.ok(share > 80 && share < 190, `${share} of 400 in ten minutes`)
    }
    assert.equal((await envoyer.windows.apply()).moved, 0)
    set('2026-06-05T07:40:00Z') // 09:40: it is over
    await work()
    await until(
      async () => (await envoyer.deliveries.list({ scheduled: true, limit: 1000 })).length === 400,
      'the put-offs',
    )
    assert.equal(backend.sent.length, 0)
    const anew = await envoyer.deliveries.list({ scheduled: true, limit: 1000 })
    const day = 86_400_000
    const was = new Map(deliveries.map(({ id, sendAt }) => [id, Number(sendAt) + day]))
    assert.deepEqual(
      anew.map(({ id, sendAt }) => [id, Number(sendAt)]),
      [...was].toSorted(([a, x], [b, y]) => x - y || (a < b ? -1 : 1)),
    )
  })

  test('deliveries that wait are listed soonest first, rescheduled and cancelled', async () => {
    const { envoyer, work, sentBy, status } = start('2026-06-05T01:00:00Z')
    const at = (hour: number) => `2026-06-05T${hour}:00:00Z`
    const ids: string[] = []
    for (const hour of [14, 10, 12, 16, 18]) {
      const options = { at: at(hour) }
      const { deliveries } = await envoyer.send(
        'note',
        { pager: `h${hour}` },
        { what: 'a' },
        options,
      )
      ids.push(deliveries[0]!.id)
    }
    const now = await envoyer.send('plain', { pager: 'now' }, { what: 'a' })
    const first = await envoyer.deliveries.list({ scheduled: true, limit: 2 })
    const rest = await envoyer.deliveries.list({ scheduled: true, after: first[1]!.id })
    assert.deepEqual(
      [...first, ...rest].map(({ addressKey }) => addressKey),
      ['h10', 'h12', 'h14', 'h16', 'h18'],
    )
    assert.deepEqual(
      (await envoyer.deliveries.list({ scheduled: false })).map(({ id }) => id),
      [now.deliveries[0]!.id],
    )
    assert.deepEqual(await envoyer.deliveries.reschedule(ids[0]!, { at: '2026-06-05T23:00:00Z' }), {
      sendAt: new Date('2026-06-06T06:00:00Z'),
      reason: 'window',
    })
    await envoyer.deliveries.cancel(ids[1]!)
    assert.equal(await status(ids[1]!), 'cancelled')
    await assert.rejects(envoyer.deliveries.reschedule(ids[1]!), { code: 'delivery-state' })
    await assert.rejects(envoyer.deliveries.reschedule(ids[2]!, { at: 'tomorrow' }), {
      code: 'option-invalid',
    })
    // At night, since it is said so.
    const { reason } = await envoyer.deliveries.reschedule(ids[2]!, { immediate: true })
    assert.equal(reason, 'immediate')
    await work()
    await sentBy('h12')
  })

  test('explain tells when and why, as `send` would do it, and writes nothing', async () => {
    const { envoyer } = start(saturday)
    const { text, deliveries } = await envoyer.explain('report', {
      pager: ['a', 'b'],
      tz: 'Europe/Berlin',
    })
    const words = 'Mon 30 Mar 2026 09:00 Europe/Berlin, waits for the report window'
    assert.equal(text, `pager to a: ${words}\npager to b: ${words}`)
    const [one] = deliveries
    assert.deepEqual(
      [one!.sendAt?.toISOString(), one!.reason, one!.waitsFor, one!.spreadUntil],
      [mondayAtNine, 'window', ['report'], null],
    )
    assert.deepEqual(
      one!.next.map(({ from }) => from.toISOString()),
      ['30', '31', '01', '02', '03'].map(
        (day) => `2026-0${Number(day) > 20 ? 3 : 4}-${day}T07:00:00.000Z`,
      ),
    )
    const say = async (
      event: 'report' | 'note' | 'night' | 'flood' | 'alarm',
      options: object = {},
    ) => (await envoyer.explain(event, { pager: 'p', tz: 'Asia/Kathmandu' }, options)).text
    // In Kathmandu it is 01:45 on Sunday.
    const zone = 'Asia/Kathmandu'
    assert.equal(
      await say('note'),
      `pager to p: Sun 29 Mar 2026 08:00 ${zone}, waits for the pager window`,
    )
    assert.equal(
      await say('report'),
      `pager to p: Mon 30 Mar 2026 09:00 ${zone}, waits for the report window`,
    )
    assert.equal(
      await say('flood'),
      `pager to p: Sun 29 Mar 2026 09:00 ${zone} or up to Sun 29 Mar 2026 09:30 ${zone}, waits for the flood window`,
    )
    assert.match(
      await say('night'),
      /^pager to p: now, Sun 29 Mar 2026 01:45:\d\d Asia\/Kathmandu, since the windows of channel and event never meet$/,
    )
    assert.match(await say('alarm'), /^pager to p: now, .*, passes the windows by$/)
    assert.match(
      await say('note', { deadlineMs: 3_600_000, afterDeadline: 'cancel' }),
      /^pager to p: is cancelled, since the pager window does not open before its deadline Sun 29 Mar 2026 02:45(:\d\d)? Asia\/Kathmandu$/,
    )
    const nobody = await envoyer.explain('note', { pager: '' })
    assert.equal(nobody.text, 'pager: not reached (no-address)\nbackup: not reached (no-address)')
    assert.deepEqual(await envoyer.deliveries.list(), [])
  })

  test('of an iterable, each chunk finds its openings', async () => {
    const { envoyer } = start(saturday)
    const zones = ['Europe/Berlin', 'Asia/Tokyo', 'America/Lima']
    async function* users() {
      for (let n = 0; n < 2500; n += 1) yield { pager: `u${n}`, tz: zones[n % 3]! }
    }
    const result = await envoyer.send('report', users(), { what: 'a' }, { key: 'once' })
    const perInstant: Record<string, number> = {}
    for await (const { sendAt, reason, zone } of result.all()) {
      assert.equal(reason, 'window')
      const key = `${zone} ${sendAt!.toISOString()}`
      perInstant[key] = (perInstant[key] ?? 0) + 1
    }
    assert.deepEqual(perInstant, {
      'Europe/Berlin 2026-03-30T07:00:00.000Z': 834,
      'Asia/Tokyo 2026-03-30T00:00:00.000Z': 833,
      'America/Lima 2026-03-30T14:00:00.000Z': 833,
    })
  })

  test('windows set by one process are seen by another, and nonsense in the table is passed by', async () => {
    if (engine.name === 'embedded') return
    const place = { ...engine.fresh(), migrations: 'run' as const }
    const one = start('2026-06-05T10:00:00Z', () => {}, place)
    const other = start('2026-06-05T10:00:00Z', () => {}, place)
    const sendAt = async () => {
      const { deliveries } = await other.envoyer.send('note', { pager: 'p' }, { what: 'a' })
      return deliveries[0]!.sendAt?.toISOString()
    }
    assert.equal(await sendAt(), undefined)
    await one.envoyer.windows.set({ channel: 'pager' }, [{ from: '16:00', to: '17:00' }])
    await until(async () => (await sendAt()) === '2026-06-05T14:00:00.000Z', 'the windows', 6000)
    await one.envoyer.transaction((manager) =>
      manager.query(`UPDATE "${place.schema}".setting SET value = '{"from":"noon"}'`),
    )
    await until(async () => (await sendAt()) === undefined, 'the windows in the code', 6000)
  })

  test('a time that cannot be meant is refused, and nothing is written', async () => {
    const { envoyer } = start(saturday)
    const day = 86_400_000
    const wrong: [object, RegExp][] = [
      [{ at: '2026-06-05T08:00:00' }, /`at` must be a valid Date or an ISO 8601 string/],
      [{ at: new Date(Number.NaN) }, /`at`/],
      [{ at: null }, /`at`/],
      [{ at: Date.parse(saturday) }, /`at`/],
      [{ at: new Date(8.64e15) }, /`at`/],
      [{ now: 'now' }, /`now`/],
      [{ deadline: ['2026-06-05T08:00:00Z'] }, /`deadline`/],
      [{ deadlineMs: 0 }, /`deadlineMs` must be a number greater than 0/],
      [{ deadlineMs: Number.POSITIVE_INFINITY }, /`deadlineMs`/],
      [{ deadlineMs: '60000' }, /`deadlineMs`/],
      [{ deadlineMs: 1e18 }, /`deadlineMs`/],
      [{ deadlineMs: day, deadline: '2026-06-05T08:00:00Z' }, /say the same/],
      [
        { at: '2026-06-06T08:00:00Z', deadline: '2026-06-05T08:00:00Z' },
        /`deadline` is not after `at`/,
      ],
      [{ afterDeadline: 'send' }, /`afterDeadline` needs a `deadline` or `deadlineMs`/],
      [{ deadlineMs: day, afterDeadline: 'drop' }, /`afterDeadline` must be one of fail, send/],
      [{ deadlineMs: day, afterDeadline: null }, /`afterDeadline` must be one of/],
      [{ immediate: 'yes' }, /`immediate` must be a boolean/],
      [{ imediate: true }, /no option `imediate`/],
    ]
    for (const [options, text] of wrong) {
      const sent = envoyer.send('report', { pager: 'p' }, { what: 'a' }, options as never)
      await assert.rejects(sent, (error: EnvoyerError) => {
        assert.equal(error.code, 'option-invalid', JSON.stringify(options))
        assert.match(error.message, text)
        return true
      })
    }
    // There is nothing that it could fall back to.
    const sent = envoyer.send(
      'report',
      { pager: 'p' },
      { what: 'a' },
      {
        ...{ deadlineMs: day, afterDeadline: 'fallback' },
      },
    )
    await assert.rejects(sent, { code: 'option-invalid' })
    assert.deepEqual(await envoyer.deliveries.list(), [])
  })

  test('what came due while every worker was down goes once, by all workers together, oldest first', async () => {
    const place = { ...engine.fresh(), migrations: 'run' as const }
    const one = start('2026-01-01T10:00:00Z', () => {}, place)
    const day = (n: number) => new Date(Date.parse('2026-01-02T10:00:00Z') + n * 86_400_000)
    const names = Array.from({ length: 40 }, (_, n) => `day-${String(n).padStart(2, '0')}`)
    for (const [n, pager] of names.toReversed().entries()) {
      await one.envoyer.send('note', { pager }, { what: 'a' }, { at: day(39 - n) })
    }
    // Years later; on the embedded database there is one process.
    const years = '2031-06-05T10:00:00Z'
    one.set(years)
    const all = [one]
    if (engine.name === 'postgres') {
      all.push(
        start(years, () => {}, place),
        start(years, () => {}, place),
      )
    }
    for (const { envoyer } of all) await envoyer.worker({ pollMs: 20, stopOn: [] })
    const got = () => all.flatMap(({ sent }) => sent())
    await until(() => got().length >= names.length, 'all of them')
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.deepEqual(got().toSorted(), names)
    for (const { sent } of all) assert.deepEqual(sent(), sent().toSorted())
  })

  test('what is spread anew keeps its instant while its window is open, whatever is applied', async () => {
    const { envoyer, set, work, sent } = start('2026-06-05T06:00:00Z')
    const users = Array.from({ length: 60 }, (_, n) => ({ pager: `p-${n}` }))
    await envoyer.send('flood', users, { what: 'a' })
    set('2026-06-05T08:00:00Z')
    const worker = await work()
    const scheduled = () => envoyer.deliveries.list({ scheduled: true, limit: 100 })
    await until(async () => (await scheduled()).length === 60, 'the put-offs')
    await worker.stop()
    set('2026-06-06T07:10:00Z') // the next day, ten minutes into the window
    assert.deepEqual(await envoyer.windows.apply(), {
      ...(await envoyer.windows.apply()),
      moved: 0,
    })
    assert.deepEqual(sent(), [])
  })

  test('a fallback has the deadline of what it follows, unless it is what the deadline is for', async () => {
    const { envoyer, set, work, backup, backend, settled } = start('2026-06-05T10:00:00Z', () => {
      throw new Permanent('no such number', { code: 'gone' })
    })
    await envoyer.windows.set({ channel: 'backup' }, [{ from: '20:00', to: '21:00' }])
    const worker = await work()
    const terms = { deadlineMs: 60_000 }
    const { notificationId } = await envoyer.send('note', { pager: 'p' }, { what: 'a' }, terms)
    const fallback = async () =>
      (await envoyer.deliveries.list({ notificationId, channel: 'backup' }))[0]
    await until(async () => (await fallback())?.status === 'failed', 'the end of the fallback')
    assert.equal((await fallback())!.errorCode, 'window-after-deadline')
    const instead = { ...terms, afterDeadline: 'fallback' as const }
    const other = await envoyer.send('note', { pager: 'q' }, { what: 'b' }, instead)
    await settled(other.deliveries[0]!.id)
    set('2026-06-05T18:00:00Z')
    await until(() => backup.sent.length === 1, 'the fallback')
    assert.equal(backend.sent.length, 0)
    await worker.stop()
  })

  test('apply sees what another process has just set, and leaves alone what it does not know', async () => {
    if (engine.name === 'embedded') return
    const place = { ...engine.fresh(), migrations: 'run' as const }
    const one = start(saturday, () => {}, place)
    const other = start(saturday, () => {}, place)
    const users = Array.from({ length: 1200 }, (_, n) => ({ pager: `p-${n}` }))
    await one.envoyer.send('report', users, { what: 'a' })
    await other.envoyer.windows.list()
    await one.envoyer.windows.set({ event: 'report' }, [{ ...office, from: '10:00' }])
    const { waiting, moved } = await other.envoyer.windows.apply()
    assert.deepEqual({ waiting, moved }, { waiting: 1200, moved: 1200 })
    const stranger = createClockedEnvoyer(
      {
        ...place,
        events: { other: defineEvent({ context, channels: ['pager'] }) },
        channels: { pager: pager({ backend: recorder() }) },
      },
      saturday,
    )
    opened.push(stranger.envoyer)
    assert.equal((await stranger.envoyer.windows.apply()).moved, 0)
    const [first] = await one.envoyer.deliveries.list({ scheduled: true, limit: 1 })
    await assert.rejects(stranger.envoyer.deliveries.reschedule(first!.id), {
      code: 'event-unknown',
    })
  })

  test('on one connection, what follows a notification is sent all the same', async () => {
    if (engine.name === 'embedded') return
    const { envoyer, work, sentBy } = start('2026-06-05T10:00:00Z', () => {}, {
      ...{ ...engine.fresh(), connections: 1 },
    })
    await work()
    await envoyer.send(
      'note',
      { pager: 'first' },
      { what: 'a' },
      {
        onCompleted: { event: 'note', recipients: { pager: 'after' }, context: { what: 'b' } },
      },
    )
    await sentBy('after')
    await envoyer.transaction((database) =>
      envoyer.send('note', { pager: 'inside' }, { what: 'c' }, { database }),
    )
    await sentBy('inside')
  })
})
