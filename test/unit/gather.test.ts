import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer, Backend, Outgoing } from '../../src/channel/backend.ts'
import { failover } from '../../src/channel/composite.ts'
import { gather } from '../../src/channel/gather.ts'
import { Permanent } from '../../src/errors.ts'
import { createOutgoing } from '../../src/testing/outgoing.ts'

type Text = { readonly text: string }
type Message = Outgoing<string, Text, object>

function message(text: string, signal = new AbortController().signal): Message {
  return createOutgoing({ address: 'x', message: { text }, options: {}, signal })
}

/** Takes all at once, and notes what came together. */
function bulk(
  over: Partial<Backend<string, Text, object>> = {},
): Backend<string, Text, object> & { calls: string[][] } {
  const calls: string[][] = []
  return {
    name: 'bulk',
    calls,
    async send({ message }) {
      calls.push([message.text])
      return { id: message.text }
    },
    async sendMany(all): Promise<Answer[]> {
      calls.push(all.map(({ message }) => message.text))
      return all.map(({ message: { text } }) =>
        text.startsWith('bad') ? new Permanent(text, { code: 'bad' }) : { id: text },
      )
    },
    ...over,
  }
}

test('what is sent in the same moment goes out together, each with its own answer', async () => {
  const backend = bulk()
  const { send } = gather(backend)
  const ended = await Promise.allSettled(['a', 'bad', 'c'].map((text) => send(message(text))))
  assert.deepEqual(backend.calls, [['a', 'bad', 'c']])
  assert.deepEqual(
    ended.map((each) => (each.status === 'fulfilled' ? each.value.id : each.reason.code)),
    ['a', 'bad', 'c'],
  )
})

test('one alone goes out by itself, and no more go together than the backend takes', async () => {
  const backend = bulk({ manyAtMost: 2 })
  const { send } = gather(backend)
  await send(message('alone'))
  await Promise.all(['a', 'b', 'c'].map((text) => send(message(text))))
  assert.deepEqual(backend.calls, [['alone'], ['a', 'b'], ['c']])
})

test('what sendMany throws is the answer of all; a missing answer fails its message only', async () => {
  const throwing = gather(bulk({ sendMany: async () => Promise.reject(new Error('no route')) }))
  const failed = await Promise.allSettled(['a', 'b'].map((text) => throwing.send(message(text))))
  assert.deepEqual(
    failed.map((each) => each.status === 'rejected' && each.reason.message),
    ['no route', 'no route'],
  )
  const short = gather(bulk({ sendMany: async () => [{ id: 'a' }] }))
  const [first, second] = await Promise.allSettled(['a', 'b'].map((t) => short.send(message(t))))
  assert.equal(first?.status, 'fulfilled')
  assert.match(String(second?.status === 'rejected' && second.reason), /bulk gave no answer/)
})

test('answers that are no list fail their messages, and nothing else', async () => {
  for (const wrong of [undefined, null, 7, { id: 'a' }]) {
    const { send } = gather(bulk({ sendMany: async () => wrong as never }))
    const ended = await Promise.allSettled(['a', 'b'].map((text) => send(message(text))))
    assert.match(String(ended[1]?.status === 'rejected' && ended[1].reason), /no list of answers/)
  }
})

test('a backend that takes none at once is refused', () => {
  for (const manyAtMost of [0, Number.NaN, 1.5]) {
    assert.throws(() => failover([bulk({ manyAtMost }), bulk({ name: 'b' })]), /manyAtMost/)
  }
})

test('what goes out together is aborted when the last of it is', async () => {
  const aborted: boolean[] = []
  const [one, two] = [new AbortController(), new AbortController()]
  const { send } = gather(
    bulk({
      async sendMany(all, signal) {
        one.abort(new Error('late'))
        aborted.push(signal.aborted)
        two.abort(new Error('late too'))
        aborted.push(signal.aborted)
        return all.map(() => ({}))
      },
    }),
  )
  await Promise.all([send(message('a', one.signal)), send(message('b', two.signal))])
  assert.deepEqual(aborted, [false, true])
})

test('the members of a failover gather for themselves', async () => {
  const down = bulk({ name: 'down', sendMany: async () => Promise.reject(new Error('down')) })
  const up = bulk({ name: 'up' })
  const { send } = gather(failover([down, up]))
  await Promise.all(['a', 'b'].map((text) => send(message(text))))
  assert.deepEqual(up.calls, [['a', 'b']])
})
