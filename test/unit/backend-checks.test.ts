import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outgoing } from '../../src/channel/backend.ts'
import type { Receipt } from '../../src/channel/receipt.ts'
import { DeliveryError, Permanent, RetryAfter } from '../../src/errors.ts'
import { backendChecks } from '../../src/testing/index.ts'
import { failuresAmong } from '../support/failures-among.ts'
import {
  type Memory,
  memorySite,
  type NoteBackend,
  noteBackend,
} from '../support/memory-backend.ts'

type Note = Outgoing<string, { readonly text: string }>

/** What a backend does otherwise than it should. */
type Breaking = (good: NoteBackend, memory: Memory) => Partial<NoteBackend>

function failuresOf(breaking: Breaking): Promise<Map<string, Error>> {
  const site = {
    ...memorySite,
    backend(memory: Memory) {
      const good = noteBackend(memory)
      return { ...good, ...breaking(good, memory) }
    },
    patienceMs: 300,
  }
  return failuresAmong(backendChecks(site))
}

/** Changes what is sent; the signal stays, which a copy would lose. */
const changed = (note: Note, text: string): Note => ({ ...note, message: { text } })

function onError(good: NoteBackend, change: (error: Error, note: Note) => Error) {
  return {
    send: (note: Note) =>
      good.send(note).catch((error: Error) => {
        throw change(error, note)
      }),
  }
}

const names = {
  name: 'the backend has a name that stays the same',
  whole: 'a message arrives once, whole, at its address',
  twenty: 'twenty messages at once arrive once each',
  receipt: 'a receipt is plain JSON',
  receiptSecrets: 'a receipt holds no secrets',
  left: 'what is to be sent is left as it is',
  ids: 'each try of a message carries the same id, each message another',
  early: 'a message whose time was up before it began is not sent',
  permanent: 'a refusal for good is Permanent',
  moment: 'a failure of the moment is tried again',
  down: 'a provider that is down is tried again',
  pause: 'a pause that the provider asks for is kept',
  prompt: 'a try whose time is up ends at once',
  errorSecrets: 'an error holds no secrets, and what it keeps is plain JSON',
  again: 'the backend sends again when the trouble is over',
  verify: 'verify tells whether the provider is there and takes our credentials',
  close: 'close settles what is under way, and can be called twice',
  handles: 'close leaves nothing open',
  many: 'sendMany gives each message its own answer, in order',
  group: 'a group is reached, and the receipt names whom the provider did not take',
} as const

const timers: NodeJS.Timeout[] = []
let made = 0

const withText = (good: NoteBackend, text: (note: Note) => string) => ({
  send: (note: Note) => good.send(changed(note, text(note))),
})

const breakings: readonly (readonly [string, readonly (keyof typeof names)[], Breaking])[] = [
  ['has no name', ['name'], () => ({ name: ' ' })],
  ['has another name each time', ['name'], () => ({ name: `memory-${made++}` })],
  [
    'cannot write all characters',
    ['whole'],
    (good) => withText(good, ({ message }) => message.text.replace(/[^\0-\xff]/g, '?')),
  ],
  [
    'escapes what is no HTML',
    ['whole'],
    (good) => withText(good, ({ message }) => message.text.replaceAll('<', '&lt;')),
  ],
  [
    'keeps the message that it sends in a variable',
    ['twenty'],
    (good) => {
      let current: Note
      let starting = 0
      return {
        async send(note) {
          current = note
          starting += 1
          if (starting > 4) await new Promise((resolve) => setImmediate(resolve))
          return good.send(starting > 4 ? changed(note, current.message.text) : note)
        },
      }
    },
  ],
  [
    'gives a receipt with a Date',
    ['receipt'],
    (good) => ({
      send: async (note) => ({ ...(await good.send(note)), at: new Date() as never }),
    }),
  ],
  [
    'gives no receipt',
    ['receipt', 'group'],
    (good) => ({ send: (note) => good.send(note).then(() => undefined as never) }),
  ],
  [
    'keeps the token in the receipt',
    ['receiptSecrets'],
    (good, { token }) => ({ send: async (note) => ({ ...(await good.send(note)), token }) }),
  ],
  [
    'changes what it is given',
    ['left'],
    (good) => ({
      async send(note) {
        Object.assign(note.message, { text: note.message.text.trim() })
        return good.send(note)
      },
    }),
  ],
  [
    'makes an id of its own for each try',
    ['ids'],
    (good) => ({ send: (note) => good.send({ ...note, id: `own-${made++}` }) }),
  ],
  [
    'gives all messages one id',
    ['ids'],
    (good) => ({ send: (note) => good.send({ ...note, id: 'own' }) }),
  ],
  [
    'does not look whether the time is up already',
    ['early'],
    (good) => ({
      send: (note) =>
        good.send(note.signal.aborted ? { ...note, signal: new AbortController().signal } : note),
    }),
  ],
  [
    'never gives up',
    ['permanent'],
    (good) =>
      onError(good, (error) =>
        error instanceof Permanent ? new DeliveryError(error.message, { code: 'failed' }) : error,
      ),
  ],
  [
    'puts a sentence into the code',
    ['permanent'],
    (good) =>
      onError(good, (error) =>
        error instanceof Permanent ? new Permanent(error.message, { code: 'no such room' }) : error,
      ),
  ],
  [
    'gives up when the provider cannot just now',
    ['moment'],
    (good) =>
      onError(good, (error) =>
        (error as DeliveryError).code === 'note-503'
          ? new Permanent(error.message, { code: 'note-503' })
          : error,
      ),
  ],
  [
    'gives up when the provider is down',
    ['down'],
    (good) =>
      onError(good, (error) =>
        (error as DeliveryError).code === 'ECONNREFUSED'
          ? new Permanent(error.message, { code: 'ECONNREFUSED' })
          : error,
      ),
  ],
  [
    'has no code for a provider that is down',
    ['down'],
    (good) =>
      onError(good, (error) =>
        (error as DeliveryError).code === 'ECONNREFUSED' ? new Error('down') : error,
      ),
  ],
  [
    'forgets the pause',
    ['pause'],
    (good) =>
      onError(good, (error) =>
        error instanceof RetryAfter
          ? new DeliveryError(error.message, { code: error.code })
          : error,
      ),
  ],
  [
    'takes seconds for milliseconds',
    ['pause'],
    (good) =>
      onError(good, (error) =>
        error instanceof RetryAfter
          ? new RetryAfter(error.delayMs / 1000, error.message, { code: error.code })
          : error,
      ),
  ],
  [
    'gives a message up whose time is up',
    ['prompt'],
    (good) =>
      onError(good, (error, { signal }) =>
        signal.aborted ? new Permanent(error.message, { code: 'aborted' }) : error,
      ),
  ],
  [
    'does not look at the signal again once it has begun',
    ['prompt'],
    (good) => ({
      send: (note) =>
        good.send(note.signal.aborted ? note : { ...note, signal: new AbortController().signal }),
    }),
  ],
  [
    'says the token in its errors',
    ['errorSecrets'],
    (good, { token }) =>
      onError(good, (error) => Object.assign(error, { message: `${error.message} ${token}` })),
  ],
  [
    'has the token in the cause of its errors',
    ['errorSecrets'],
    (good, { token }) =>
      onError(good, (error) => Object.assign(error, { cause: { headers: { token } } })),
  ],
  [
    'keeps an exchange that is no JSON',
    ['errorSecrets'],
    (good) =>
      onError(good, (error) => Object.assign(error, { exchange: { request: new Headers() } })),
  ],
  [
    'is spoilt by a failure',
    ['again'],
    (good) => {
      let failed: Error | undefined
      let refusals = 0
      return {
        async send(note) {
          if (failed && refusals > 2) throw failed
          return good.send(note).catch((error: Error) => {
            failed = error
            refusals += 1
            throw error
          })
        },
      }
    },
  ],
  ['verifies nothing', ['verify'], () => ({ verify: async () => {} })],
  ['has no verify', ['verify'], () => ({ verify: undefined as never })],
  [
    'cannot be closed twice',
    ['close'],
    (good) => {
      let closed = 0
      return {
        async close() {
          await good.close!()
          closed += 1
          if (closed === 2) throw new Error('it is closed')
        },
      }
    },
  ],
  [
    'leaves what is under way when it is closed',
    ['close'],
    (good) => {
      const open: Promise<Receipt>[] = []
      return {
        async send(note) {
          const sending = good.send(note)
          open.push(sending)
          await sending
          await new Promise((resolve) => setTimeout(resolve, 200))
          return sending
        },
        close: async () => {},
      }
    },
  ],
  [
    'leaves a timer',
    ['handles'],
    (good) => ({
      send(note) {
        timers.push(setInterval(() => {}, 60_000))
        return good.send(note)
      },
    }),
  ],
  [
    'answers many in another order',
    ['many'],
    (good) => ({
      sendMany: async (notes, signal) => (await good.sendMany!(notes, signal)).toReversed(),
    }),
  ],
  [
    'fails at all of many for one',
    ['many'],
    (good) => ({ sendMany: (notes) => Promise.all(notes.map(good.send)) }),
  ],
  [
    'answers only those of many that went out',
    ['many'],
    (good) => ({
      sendMany: async (notes, signal) =>
        (await good.sendMany!(notes, signal)).filter((answer) => !(answer instanceof Error)),
    }),
  ],
  ['has no sendMany', ['many'], () => ({ sendMany: undefined as never })],
  [
    'reaches the first of a group only',
    ['group'],
    (good) => ({ send: (note) => good.send({ ...note, addresses: [note.address] }) }),
  ],
  [
    'does not tell whom of a group it did not reach',
    ['group'],
    (good) => ({
      send: async (note) => ({ id: (await good.send(note)).id! }),
    }),
  ],
]

test('a backend as it should be passes all checks', async () => {
  assert.deepEqual(await failuresOf(() => ({})), new Map())
})

for (const [what, wanted, breaking] of breakings) {
  test(`a backend that ${what} fails the check for it`, async () => {
    const failures = await failuresOf(breaking)
    for (const timer of timers.splice(0)) clearInterval(timer)
    assert.deepEqual(
      [...failures.keys()],
      wanted.map((key) => names[key]),
    )
    for (const [name, error] of failures) {
      assert.ok(error instanceof assert.AssertionError, String(error))
      assert.ok(error.message.startsWith(`Not kept: ${name}.\nExpected: `), error.message)
      assert.match(error.message, /\nWhat happened: .+\nThe rule: .+/s)
    }
  })
}

test('every check is failed by a backend of this test', () => {
  const failed = new Set(breakings.flatMap(([, keys]) => keys.map((key) => names[key])))
  const all = backendChecks(memorySite).map(({ name }) => name)
  assert.deepEqual(
    all.filter((name) => !failed.has(name as never)),
    [],
  )
})

test('what a site says its provider cannot do is not checked, and what it hides is found', async () => {
  const cannot = { refuse: null, fail: null, pause: null, hang: null, down: null } as const
  const bare = { ...memorySite, ...cannot, unauthorized: null, takesIds: false, groups: false }
  const left = backendChecks(bare).map(({ name }) => name)
  assert.deepEqual(
    Object.values(names).filter((name) => !left.includes(name)),
    [names.ids, names.permanent, names.moment, names.down, names.pause].concat(
      ...[[names.prompt, names.errorSecrets, names.again, names.group] as never[]],
    ),
  )
  const hiding = { ...memorySite, verifies: false, sendsMany: false }
  for (const { name, run } of backendChecks(hiding)) {
    if (name === names.verify || name === names.many) {
      await assert.rejects(run(), /the site says that it has not/)
    }
  }
})
