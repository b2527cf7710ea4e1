import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Queue } from '../../src/queue/contract.ts'
import { createNotifyQueue } from '../../src/queue/notify.ts'
import { type QueueSite, queueChecks } from '../../src/testing/index.ts'
import { failuresAmong } from '../support/failures-among.ts'

/** What lies under the queues of this test: they hear of one another by it. */
interface Hub {
  readonly listeners: Set<() => void>
  gone: boolean
}

type Parts = Partial<Queue>
type Breaking = (good: Queue, hub: Hub, onError: (error: Error) => void) => Parts

const timers: NodeJS.Timeout[] = []

function siteOf(breaking: Breaking, heard: 'heard' | 'unheard' = 'heard'): QueueSite<Hub> {
  return {
    start: () => ({ listeners: new Set(), gone: false }),
    stop: () => {},
    queue(hub, onError) {
      const notify = async () => {
        if (hub.gone) throw new Error('the hub is gone')
        if (heard === 'heard') for (const listener of hub.listeners) listener()
      }
      const listen = async (listener: () => void) => {
        hub.listeners.add(listener)
        return async () => void hub.listeners.delete(listener)
      }
      const good = createNotifyQueue(notify, listen, onError)
      return { ...good, ...breaking(good, hub, onError) }
    },
    shared: true,
    cut(hub) {
      hub.gone = true
    },
    patienceMs: 300,
  }
}

function failuresOf(site: QueueSite<Hub>): Promise<Map<string, Error>> {
  return failuresAmong(queueChecks(site))
}

const names = {
  reaches: 'a ticket reaches the consumer of its channel',
  urgent: 'an urgent ticket is handled like any other',
  channels: 'a busy channel holds up no other',
  delayed: 'a delayed ticket is handled, and not early',
  many: 'as many handlers run at once as agreed, and no more',
  together: 'tickets that come while all are busy are handled afterwards, together',
  failing: 'a handler that fails ends nothing, and is told of',
  stop: 'a consumer that is stopped has ended what it began, and begins nothing more',
  others: 'other consumers go on when one is stopped',
  quiet: 'a ticket never throws, and needs nobody to take it',
  close: 'close waits for what runs, begins nothing more, and can be called twice',
  handles: 'close leaves nothing open',
  shared: 'a ticket reaches the workers of other processes',
  gone: 'what lies under the queue may be gone',
} as const

type Handler = () => Promise<void>

/** The same queue with other handlers. */
const handling = (good: Queue, wrap: (handler: Handler) => Handler): Parts => ({
  consume: (channel, concurrency, handler) => good.consume(channel, concurrency, wrap(handler)),
})

const breakings: readonly (readonly [string, readonly (keyof typeof names)[], Breaking])[] = [
  [
    'handles one ticket only, where it has two places',
    ['reaches'],
    (good) => ({
      consume(channel, concurrency, handler) {
        let calls = 0
        const once = () => (concurrency === 2 && calls++ > 0 ? Promise.resolve() : handler())
        return good.consume(channel, concurrency, once)
      },
    }),
  ],
  [
    'keeps urgent tickets for itself',
    ['urgent'],
    (good) => ({ ticket: (channel, o) => void (o?.urgent || good.ticket(channel, o)) }),
  ],
  [
    'works at one channel after the other',
    ['channels'],
    (good) => {
      let last: Promise<void> = Promise.resolve()
      return {
        consume: (channel, concurrency, handler) =>
          good.consume(channel, concurrency, () => {
            if (channel === 'email') {
              last = Promise.resolve().then(handler)
              return last
            }
            return last.then(handler)
          }),
      }
    },
  ],
  [
    'does not wait with delayed tickets',
    ['delayed'],
    (good) => ({ ticket: (channel) => good.ticket(channel) }),
  ],
  [
    'forgets delayed tickets',
    ['delayed'],
    (good) => ({ ticket: (channel, o) => void (o?.delayMs || good.ticket(channel, o)) }),
  ],
  [
    'runs more handlers than it may',
    ['many'],
    (good) => ({
      consume: (channel, concurrency, handler) =>
        good.consume(channel, concurrency === 3 ? 4 : concurrency, handler),
    }),
  ],
  [
    'runs one handler at a time',
    ['many'],
    (good) => ({ consume: (channel, _concurrency, handler) => good.consume(channel, 1, handler) }),
  ],
  [
    'keeps each ticket that it cannot handle at once',
    ['together'],
    (good) => {
      let pile = 0
      return {
        ticket(channel, options) {
          if (!options?.delayMs) pile += 1
          good.ticket(channel, options)
        },
        consume: (channel, concurrency, handler) =>
          good.consume(channel, concurrency, async () => {
            await handler()
            if (pile > 20 && pile-- > 20) setImmediate(() => good.ticket(channel))
          }),
      }
    },
  ],
  [
    'forgets what it cannot handle at once',
    ['together'],
    (good) => ({
      consume(channel, concurrency, handler) {
        let running = 0
        return good.consume(channel, 1000, async () => {
          if (running === concurrency) return
          running += 1
          await Promise.resolve()
            .then(handler)
            .finally(() => {
              running -= 1
            })
        })
      },
    }),
  ],
  [
    'ends with the first failure of a handler',
    ['failing'],
    (good) =>
      handling(good, (handler) => {
        let failed = false
        return async () => {
          if (failed) return
          await Promise.resolve()
            .then(handler)
            .catch((error: Error) => {
              failed = true
              throw error
            })
        }
      }),
  ],
  [
    'says nothing of failures',
    ['failing'],
    (good) =>
      handling(
        good,
        (handler) => () =>
          Promise.resolve()
            .then(handler)
            .catch(() => {}),
      ),
  ],
  [
    'does not wait when a consumer is stopped',
    ['stop'],
    (good) => ({
      async consume(...given) {
        const stop = await good.consume(...given)
        return async () => void stop()
      },
    }),
  ],
  [
    'goes on when a consumer is stopped',
    ['stop'],
    (good) => {
      let running: Promise<void> = Promise.resolve()
      return {
        async consume(channel, concurrency, handler) {
          await good.consume(channel, concurrency, () => {
            running = Promise.resolve().then(handler)
            return running
          })
          return () => running.catch(() => {})
        },
      }
    },
  ],
  [
    'stops all consumers with one',
    ['others'],
    (good) => {
      const stops: (() => Promise<void>)[] = []
      return {
        async consume(...given) {
          stops.push(await good.consume(...given))
          return async () => {
            await Promise.all(stops.map((stop) => stop()))
          }
        },
      }
    },
  ],
  [
    'makes whoever puts a ticket wait',
    ['stop', 'quiet', 'close', 'gone'],
    (good) => ({ ticket: (async (...given: ['x']) => good.ticket(...given)) as never }),
  ],
  [
    'takes no ticket when it is closed',
    ['quiet', 'close'],
    (good) => {
      let closed = false
      return {
        ticket(channel, options) {
          if (closed) throw new Error('it is closed')
          good.ticket(channel, options)
        },
        close() {
          closed = true
          return good.close()
        },
      }
    },
  ],
  [
    'cannot be closed twice',
    ['close'],
    (good) => {
      let closed = 0
      return {
        async close() {
          closed += 1
          await good.close()
          if (closed > 1) throw new Error('it is closed')
        },
      }
    },
  ],
  [
    'does not wait for handlers when it is closed',
    ['close'],
    (good) => ({ close: async () => void good.close() }),
  ],
  [
    'leaves a timer',
    ['handles'],
    (good) => ({
      consume(...given) {
        timers.push(setInterval(() => {}, 60_000))
        return good.consume(...given)
      },
    }),
  ],
  [
    'fails where the hub does',
    ['gone'],
    (good, hub) => ({
      ticket(channel, options) {
        if (hub.gone) throw new Error('the hub is gone')
        good.ticket(channel, options)
      },
    }),
  ],
]

test('a queue as it should be passes all checks', async () => {
  assert.deepEqual(await failuresOf(siteOf(() => ({}))), new Map())
})

for (const [what, wanted, breaking] of breakings) {
  test(`a queue that ${what} fails the check for it`, async () => {
    const failures = await failuresOf(siteOf(breaking))
    for (const timer of timers.splice(0)) clearInterval(timer)
    assert.deepEqual(
      [...failures.keys()],
      wanted.map((key) => names[key]),
    )
    for (const error of failures.values()) {
      assert.ok(error instanceof assert.AssertionError, error.stack)
      assert.match(error.message, /^Not kept: .+\nExpected: .+\nWhat happened: .+\nThe rule: .+/)
    }
  })
}

test('a queue that tells no other process fails the check for it', async () => {
  const failures = await failuresOf(siteOf(() => ({}), 'unheard'))
  assert.deepEqual([...failures.keys()], [names.shared])
})

test('every check is failed by a queue of this test', () => {
  const failed = new Set([...breakings.flatMap(([, keys]) => keys), 'shared'])
  assert.deepEqual([...failed].sort(), Object.keys(names).sort())
  const all = queueChecks(siteOf(() => ({}))).map(({ name }) => name)
  assert.deepEqual(all, Object.values(names))
  const bare = queueChecks({ ...siteOf(() => ({})), shared: false, cut: null })
  assert.equal(bare.length, all.length - 2)
})
