import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WindowSet } from '../../src/availability/index.ts'
import { verify } from '../../src/secret/verify.ts'
import { until } from '../support/database.ts'
import { freshSchema, postgresUrl, redisUrl } from '../support/engines.ts'
import { startReceiver } from '../support/http-receiver.ts'
import { type Remote, startRemote } from '../support/remote.ts'
import { Folder } from '../unit/template-folder.ts'
import type { ClockMethods, ClockSettings, Tried } from './clock-child.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** How late something may be on a busy machine. Next to an hour it is nothing. */
const slackMs = 5000
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

type Process = Remote<ClockMethods, Tried>

/** `HH:mm` in UTC, so many minutes from now. */
const wall = (minutes: number) =>
  new Date(Date.now() + minutes * minuteMs).toISOString().slice(11, 16)
const iso = (fromNowMs: number) => new Date(Date.now() + fromNowMs).toISOString()
const isNear = (time: string, to: number, withinMs: number) =>
  Math.abs(Number(new Date(time)) - to) <= withinMs

for (const carrier of ['NOTIFY', 'BullMQ'] as const) {
  describe(`clocks that are wrong by an hour (${carrier})`, () => {
    const folder = new Folder({
      'note/pager.text.liquid': "{{ envoyer.now | date: '%Y-%m-%dT%H:%M:%SZ' }}",
    })
    // Open by the database's clock and by no other; then the other way round.
    const open: WindowSet = [{ from: wall(-20), to: wall(20) }]
    const shut: WindowSet = [
      { from: wall(-90), to: wall(-30) },
      { from: wall(30), to: wall(90) },
    ]
    const opensAt = Math.floor((Date.now() + 30 * minuteMs) / minuteMs) * minuteMs
    let ahead: Process
    let behind: Process

    before(async () => {
      const settings: ClockSettings = {
        databaseUrl: postgresUrl(),
        schema: freshSchema(),
        redisUrl: carrier === 'BullMQ' ? redisUrl() : '',
        templates: folder.directory,
        ...{ secret, open, shut },
      }
      const start = (shiftMs: number) =>
        startRemote<ClockMethods, Tried>('crash/clock-child.ts', settings, {
          imports: ['support/shifted-date.js'],
          env: { ENVOYER_TEST_CLOCK_SHIFT_MS: String(shiftMs) },
        })
      ;[ahead, behind] = await Promise.all([start(hourMs), start(-hourMs)])
      assert.ok(isNear(iso(hourMs), await ahead.ask('now'), slackMs), 'it is not an hour ahead')
      assert.ok(isNear(iso(-hourMs), await behind.ask('now'), slackMs), 'it is not an hour behind')
      await ahead.ask('pause', false)
    })
    after(async () => {
      await Promise.all([ahead, behind].map((each) => each?.ask('close')))
      for (const each of [ahead, behind]) each?.kill('SIGKILL')
      folder[Symbol.dispose]()
    })

    const tries = (to: string) => [...ahead.told, ...behind.told].filter((each) => each.to === to)
    const nth = (to: string, n: number) =>
      until(() => tries(to).length >= n, `try ${n} of ${to}`, 15_000).then(() => tries(to)[n - 1]!)

    for (const name of ['ahead', 'behind'] as const) {
      describe(`the worker's is ${name}, the sender's the other way`, () => {
        let sender: Process
        let worker: Process
        before(async () => {
          ;[sender, worker] = name === 'ahead' ? [behind, ahead] : [ahead, behind]
          await worker.ask('work')
        })
        after(() => worker.ask('stop'))

        test('what is scheduled and what is retried comes when it is due', async () => {
          const at = Date.now() + 2000
          const due = `due-${name}`
          await sender.ask('send', 'note', [{ pager: due }], { at: new Date(at) })
          await sender.ask('send', 'note', [{ pager: `fails-${name}` }])
          const [first, second] = [await nth(`fails-${name}`, 1), await nth(`fails-${name}`, 2)]
          const delayMs = second.heardAt - first.heardAt
          assert.ok(delayMs > 1400 && delayMs < 1500 + slackMs, `again after ${delayMs} ms`)
          const lateMs = (await nth(due, 1)).heardAt - at
          assert.ok(lateMs > -50 && lateMs < slackMs, `${lateMs} ms late`)
        })

        test('windows are looked at by the time of the database', async () => {
          const now = await sender.ask('send', 'open', [{ pager: `open-${name}` }])
          assert.deepEqual([now.sendAt, now.reason], [undefined, 'open'])
          await nth(`open-${name}`, 1)
          const later = await sender.ask('send', 'shut', [{ pager: `shut-${name}` }])
          assert.deepEqual(
            [later.sendAt, later.reason],
            [new Date(opensAt).toISOString(), 'window'],
          )
          // And the worker, which looks again before it sends.
          await worker.ask('pause', true)
          await sleep(300)
          const note = await sender.ask('send', 'note', [{ pager: `put-off-${name}` }])
          await worker.ask('shutNotes', true)
          await worker.ask('pause', false)
          const isPutOff = async () => (await sender.ask('get', note.id)).reason === 'window'
          await until(isPutOff, 'the opening', 15_000)
          assert.equal((await sender.ask('get', note.id)).sendAt, new Date(opensAt).toISOString())
          assert.equal(tries(`put-off-${name}`).length, 0)
          await worker.ask('shutNotes', false)
        })

        test('a deadline is over when it is over by the database', async () => {
          await worker.ask('pause', true)
          // A claim that has begun is still to end.
          await sleep(300)
          const inTime = await sender.ask('send', 'note', [{ pager: `in-time-${name}` }], {
            deadline: iso(10 * minuteMs),
          })
          const late = await sender.ask('send', 'note', [{ pager: `late-${name}` }], {
            deadlineMs: 300,
          })
          await sleep(400)
          await worker.ask('pause', false)
          assert.equal((await worker.ask('waitFor', inTime.notificationId)).sent, 1)
          assert.equal((await worker.ask('waitFor', late.notificationId)).failed, 1)
          assert.equal((await sender.ask('get', late.id)).errorCode, 'deadline-passed')
          assert.equal(tries(`late-${name}`).length, 0)
        })

        test('what is written down, shown and signed is of the time of the database', async () => {
          const fails = `fails-at-${name}`
          const { id } = await sender.ask('send', 'note', [{ pager: fails }])
          const { text, startedAt } = await nth(fails, 2)
          const now = Date.now()
          assert.ok(isNear(startedAt, now, slackMs), `it began at ${startedAt}`)
          assert.ok(isNear(text!, now, slackMs), `the template was shown ${text}`)
          const { triedAt } = await sender.ask('get', id)
          assert.ok(isNear(triedAt[0]!, now, 2 * slackMs), `tried at ${triedAt}`)

          await using receiver = await startReceiver()
          await sender.ask('send', 'hook', [{ url: receiver.url }])
          await until(() => receiver.requests.length === 1, 'the webhook', 15_000)
          const [{ headers, body } = assert.fail('no request')] = receiver.requests
          // A receiver refuses what is stamped more than five minutes off its own time.
          verify(headers, body.toString(), secret)
        })
      })
    }

    describe('both are workers', () => {
      before(() => Promise.all([ahead.ask('work'), behind.ask('work')]))

      test('neither takes over what the other is sending', async () => {
        const slow = Array.from({ length: 8 }, (_, n) => `slow-${n}`)
        const one = await ahead.ask(
          'send',
          'note',
          slow.map((to) => ({ pager: to })),
        )
        assert.deepEqual(await ahead.ask('waitFor', one.notificationId), {
          ...{ sent: 8, failed: 0, cancelled: 0 },
        })
        assert.deepEqual(
          slow.map((to) => tries(to).length),
          slow.map(() => 1),
        )
      })

      test('a rate holds for both together', async () => {
        const to = Array.from({ length: 15 }, (_, n) => `limited-${n}`)
        await behind.ask(
          'send',
          'limited',
          to.map((pager) => ({ pager })),
        )
        await Promise.all(to.map((each) => nth(each, 1)))
        const times = to.map((each) => tries(each)[0]!.heardAt)
        const tookMs = Math.max(...times) - Math.min(...times)
        // Five at once, ten more at five a second.
        assert.ok(tookMs > 1800 && tookMs < 2000 + slackMs, `it took ${tookMs} ms`)
        assert.deepEqual(
          to.map((each) => tries(each).length),
          to.map(() => 1),
        )
      })
    })
  })
}
