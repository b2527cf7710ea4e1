import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { smtp } from '../../channels/email/index.ts'
import { http } from '../../channels/webhook/index.ts'
import { defineChannel } from '../../src/channel/channel.ts'
import { failover, roundRobin } from '../../src/channel/composite.ts'
import { delays, exponential, fixed, linear } from '../../src/channel/retry.ts'
import { createEnvoyer } from '../../src/envoyer.ts'
import type { EnvoyerError } from '../../src/errors.ts'
import { pager, pagerEvents, recorder } from '../support/pager.ts'

const refused = (text: RegExp) => (error: EnvoyerError) => {
  assert.equal(error.code, 'configuration-invalid')
  assert.match(error.message, text)
  return true
}
const loose = (value: unknown) => value as never

test('a misspelt option is refused, wherever it stands', () => {
  const channels = { pager: pager({ backend: recorder() }) }
  const create = (options: object) =>
    createEnvoyer(loose({ events: pagerEvents, channels, ...options }))
  assert.throws(
    () => create({ databaseURL: 'postgres://prod' }),
    refused(/no option `databaseURL`/),
  )
  assert.throws(() => create({ recipient: { email: () => 'x' } }), refused(/recipient: .*`email`/))
  assert.throws(
    () => create({ events: { alarm: { ...pagerEvents.alarm, chanels: ['pager'] } } }),
    refused(/event "alarm": .*`chanels`/),
  )
  assert.throws(
    () => create({ channels: { pager: pager(loose({ backend: recorder(), concurency: 2 })) } }),
    refused(/channel "pager": .*`concurency`/),
  )
  assert.throws(
    () => create({ durability: 'x', migrations: 'auto' }),
    refused(/durability[\s\S]*migrations/),
  )
  assert.throws(
    () => create({ prune: { days: 1, keepKeysDays: 1e9 } }),
    refused(/prune: `keepKeysDays` must be a number of days from 0 to 365000/),
  )
  assert.throws(() => createEnvoyer(loose(undefined)), refused(/an object of options/))
  // Sent unsigned, if it were let through.
  assert.throws(() => http(loose({ secrets: ['x'] })), refused(/no option `secrets`/))
  assert.throws(
    () => smtp(loose({ url: 'smtp://localhost', from: 'a@b.example', conections: 1 })),
    refused(/no option `conections`/),
  )
})

test('what an event says of channels must be what send can follow', () => {
  const channels = { pager: pager({ backend: recorder() }), radio: pager({ backend: recorder() }) }
  const problemsOf = (event: object, options: object = {}): readonly string[] => {
    try {
      const alarm = { context: z.object({}), ...event }
      createEnvoyer(loose({ events: { alarm }, channels, ...options }))
    } catch (thrown) {
      return (thrown as EnvoyerError).problems
    }
    return []
  }
  const noFallback = 'event "alarm": `fallback` must be the name of one configured channel'
  assert.deepEqual(problemsOf({ channels: ['pager'], fallback: ['radio'] }), [noFallback])
  assert.deepEqual(problemsOf({ channels: ['pager'], fallback: 'smoke' }), [noFallback])
  const pointless = 'event "alarm": `fallback`: "pager" is the event\'s only channel; name another'
  assert.deepEqual(problemsOf({ channels: ['pager'], fallback: 'pager' }), [pointless])
  assert.deepEqual(problemsOf({ channels: ['pager', 'radio'], fallback: 'radio' }), [])
  for (const wrong of [[], 'pager', {}]) {
    assert.deepEqual(problemsOf({ channels: wrong }), [
      'event "alarm": `channels` must be a list with at least one name',
    ])
  }
  for (const wrong of ['together', ['together'], null]) {
    assert.deepEqual(problemsOf({ grouping: wrong }), [
      'event "alarm": `grouping` must be an object by channel: `{ email: \'together\' }`',
    ])
  }
  const listed = pager(loose({ backend: recorder(), fallback: ['radio'] }))
  assert.deepEqual(problemsOf({}, { channels: { ...channels, pager: listed } }), [
    'channel "pager": `fallback` must be the name of another configured channel',
  ])
  assert.deepEqual(problemsOf({ channels: ['pager'] }, { channels: undefined }), [
    '`channels` must be an object with at least one entry',
    'event "alarm": the channel "pager" is not configured',
  ])
})

test('what is misspelt in the definition of a channel is refused where the channel is used', () => {
  const address = { recipientKey: 'room', parse: String, key: String }
  const problemsOf = (definition: object, options: object = {}): readonly string[] => {
    try {
      const room = defineChannel(loose({ address, parts: { text: 'required' }, ...definition }))
      const channels = { room: room(loose({ backend: recorder(), ...options })) }
      createEnvoyer(loose({ events: { alarm: { context: z.object({}) } }, channels }))
    } catch (thrown) {
      return (thrown as EnvoyerError).problems
    }
    return []
  }
  const at = 'channel "room": defineChannel:'
  assert.deepEqual(problemsOf({}), [])
  assert.match(problemsOf({ retries: 3 }).join(), /defineChannel: there is no option `retries`/)
  for (const groupAtMost of [1, 2.5, '50', Number.NaN]) {
    assert.deepEqual(problemsOf({ groupAtMost }), [
      `${at} \`groupAtMost\` must be a whole number of 2 or more`,
    ])
  }
  const badNeed = `${at} \`parts.text\` must be required, alternative or optional`
  assert.deepEqual(problemsOf({ parts: { text: 'requierd' } }), [badNeed])
  assert.deepEqual(problemsOf({ parts: { text: { format: 'html' } } }), [badNeed])
  assert.deepEqual(problemsOf({ parts: { text: { need: 'optional', format: 'htm' } } }), [
    `${at} \`parts.text\`: \`format\` must be text or html`,
  ])
  // Without effect, the secret of an address would be stored in the clear.
  assert.match(
    problemsOf({ address: { ...address, secretKey: ['token'] } }).join(),
    /`address`: there is no option `secretKey`/,
  )
  assert.deepEqual(problemsOf({ address: { recipientKey: 'room' }, complete: true }), [
    `${at} \`complete\` must be a function`,
    `${at} \`address.parse\` must be a function`,
    `${at} \`address.key\` must be a function`,
  ])
  const nameless = { send: recorder().send }
  assert.deepEqual(problemsOf({}, { backend: nameless, rate: { perSecond: 1, brust: 2 } }), [
    'channel "room": there is no option `brust`; there are perSecond, burst',
    'channel "room": its backend must have a `name`',
  ])
})

test('a misspelt or impossible option of failover or roundRobin is refused when it is made', () => {
  const [a, b] = ['a', 'b'].map((name) => ({ ...recorder(), name }))
  const made = (limits: unknown) => () => failover([a!, b!], loose(limits))
  assert.throws(made({ downMS: 5, failures: 0 }), refused(/no option `downMS`[\s\S]*`failures`/))
  assert.throws(made({ failures: 1.5, downMs: -1 }), refused(/`failures`[\s\S]*`downMs`/))
  assert.throws(made({ downMs: Number.POSITIVE_INFINITY }), refused(/`downMs` must be a number/))
  assert.throws(made(5), refused(/its options must be an object/))
  assert.throws(() => roundRobin([a!, b!], loose({ down: 1 })), refused(/round-robin: .*`down`/))
  assert.throws(() => failover(loose(a)), refused(/needs a list of backends/))
  assert.throws(() => failover([a!, loose({ send: b!.send })]), refused(/must have a `name`/))
  assert.doesNotThrow(made({ failures: 1, downMs: 0.5 }))
})

test('a time limit that no timer of Node.js can hold is refused: it would be over at once', () => {
  const create = (timeoutMs: number, rest: object = {}) =>
    createEnvoyer(
      loose({
        events: pagerEvents,
        channels: { pager: pager({ backend: recorder(), timeoutMs }) },
        ...rest,
      }),
    )
  for (const wrong of [0, -1, 2 ** 31, Number.POSITIVE_INFINITY, Number.NaN, '5' as never]) {
    assert.throws(
      () => create(wrong),
      refused(/"pager": `timeoutMs` must be a number greater than 0, and 2147000000 .*at most/),
    )
    for (const name of ['statementTimeoutMs', 'transactionTimeoutMs']) {
      assert.throws(() => create(1, { [name]: wrong }), refused(new RegExp(`\`${name}\` must be`)))
    }
  }
  const longest = 2_147_000_000
  const both = { statementTimeoutMs: longest, transactionTimeoutMs: 0.5 }
  assert.doesNotThrow(() => create(longest, both))
})

test('of a wrong secret key it is told that it is wrong, not that there is none', () => {
  const events = { alarm: { context: z.object({}), sensitive: true } }
  const channels = { pager: pager({ backend: recorder() }) }
  const create = (options: object) => () => createEnvoyer(loose({ events, channels, ...options }))
  assert.throws(create({ secretKey: 'short' }), (error: EnvoyerError) => {
    assert.equal(error.problems.length, 1)
    return refused(/`secretKey`: .*Key 1 of 1 is not 32 bytes/)(error)
  })
  assert.throws(create({ secretKey: '' }), refused(/no key to encrypt with/))
})

test('windows, spreads and the zone that they need are checked with all else', () => {
  const context = z.object({})
  const create =
    (event: object, channel: object, rest: object = {}) =>
    () =>
      createEnvoyer(
        loose({
          events: { alarm: { context, ...event } },
          channels: { pager: pager({ backend: recorder(), ...channel }) },
          ...rest,
        }),
      )
  const nine = [{ from: '09:00', to: '18:00' }]
  assert.throws(
    create({ windows: nine }, { windows: { windows: [], except: ['2026-12-25'] } }),
    refused(/`zone` must be given, as there are windows: channel pager, event alarm/),
  )
  assert.doesNotThrow(create({ windows: nine }, { windows: nine }, { zone: 'Europe/Berlin' }))
  assert.doesNotThrow(create({ windows: [] }, {}))
  const wrong = create(
    { windows: [{ days: 'mon-fry', from: '9:00', to: '18:00' }], immediate: 'yes' },
    { windows: 'daily', spreadMs: Number.NaN },
    { zone: '+02:00' },
  )
  for (const problem of [
    /event "alarm": windows\[0\]\.days/,
    /event "alarm": windows\[0\]\.from/,
    /event "alarm": `immediate` must be a boolean/,
    /channel "pager": windows: must be a list/,
    /channel "pager": `spreadMs` must be a number from 0/,
    /`zone`: "\+02:00" is not an IANA time zone/,
  ]) {
    assert.throws(wrong, refused(problem))
  }
})

test('a retry policy that would try for ever, or never, is refused when it is made', () => {
  assert.throws(() => fixed(loose({ delayMs: 50 })), refused(/needs `tries` or `forMs`/))
  assert.throws(() => fixed(loose({ delay: 50, tries: 3 })), refused(/`delayMs` must be a number/))
  assert.throws(() => linear(loose({ tries: 3 })), refused(/`baseMs`/))
  assert.throws(() => exponential(loose({ baseMs: Number.NaN, tries: 3 })), refused(/`baseMs`/))
  assert.throws(() => delays(loose(100)), refused(/list of milliseconds/))
  assert.throws(() => delays([-1]), refused(/must be a number of 0 or more/))
  const range = /delays: `jitter` must be a number from 0 to 1, not 1.5/
  assert.throws(() => delays([100], { jitter: 1.5 }), refused(range))
  assert.doesNotThrow(() => delays([100], { jitter: 1 }))
})

test('policies give the delays that they are named after, spread by their jitter', () => {
  const failure = (attempt: number, elapsedMs = 0) => ({
    attempt,
    elapsedMs,
    error: new Error('x'),
  })
  const even = { jitter: 0 }
  assert.deepEqual(
    [1, 2, 3].map((n) => delays([5, 7], even)(failure(n))),
    [5, 7, null],
  )
  assert.deepEqual(
    [1, 2, 3].map((n) => fixed({ delayMs: 9, tries: 3, ...even })(failure(n))),
    [9, 9, null],
  )
  assert.deepEqual(
    [1, 2, 3].map((n) => linear({ baseMs: 4, maxMs: 10, tries: 9, ...even })(failure(n))),
    [4, 8, 10],
  )
  assert.deepEqual(
    [1, 2, 3].map((n) => exponential({ baseMs: 4, factor: 3, tries: 9, ...even })(failure(n))),
    [4, 12, 36],
  )
  assert.equal(fixed({ delayMs: 50, forMs: 100, ...even })(failure(3, 60)), null)
  const spread = Array.from({ length: 200 }, () => fixed({ delayMs: 1000, tries: 2 })(failure(1))!)
  assert.ok(spread.every((ms) => ms >= 800 && ms <= 1200) && new Set(spread).size > 20)
})
