import { setTimeout as sleep } from 'node:timers/promises'
import { broken, type Rule } from './check.ts'
import { type QueueBench, quietMs, type Watched } from './queue-bench.ts'
import type { QueueSite } from './queue-site.ts'

/** A check of a queue: its rule, and where it applies. */
export type QueueRule = Rule<QueueBench, QueueSite<unknown>>

const times = (count: number) => `the handler was called ${count} times`

/** Puts a ticket, and ends the check unless the handler is called once more. */
async function ticketCalls(
  { queue, soon }: QueueBench,
  channel: string,
  watched: Watched,
  expected: string,
): Promise<void> {
  const before = watched.begun
  queue.ticket(channel)
  await soon(
    () => watched.begun > before,
    expected,
    () => times(watched.begun - before),
  )
}

/** The rules for how tickets reach handlers. */
export const consumingRules: readonly QueueRule[] = [
  {
    name: 'a ticket reaches the consumer of its channel',
    rule: 'A ticket tells that a channel has due work. One may be lost, but not as a habit: workers would only see work once a second.',
    async run(bench) {
      const watched = bench.watch()
      await bench.queue.consume('email', 2, watched.handler)
      for (const count of [1, 2, 3]) {
        await ticketCalls(bench, 'email', watched, `the handler is called for ticket ${count}`)
      }
    },
  },
  {
    name: 'an urgent ticket is handled like any other',
    rule: '`urgent` may make a ticket quicker, and never less.',
    async run({ queue, watch, soon }) {
      const watched = watch()
      await queue.consume('email', 2, watched.handler)
      queue.ticket('email', { urgent: true })
      await soon(
        () => watched.begun > 0,
        'the handler is called for an urgent ticket',
        () => times(0),
      )
    },
  },
  {
    name: 'a busy channel holds up no other',
    rule: 'Each channel is consumed by itself: tickets go to the consumers of their own channel, whatever the others do.',
    async run(bench) {
      const { queue, watch, soon } = bench
      const [busy, free] = [watch('held'), watch()]
      await queue.consume('email', 1, busy.handler)
      await queue.consume('sms', 1, free.handler)
      queue.ticket('email')
      const expected = 'the handler of `sms` is called for its ticket while that of `email` runs'
      await soon(
        () => busy.running === 1,
        'the handler of `email` is called for its ticket',
        () => times(busy.begun),
      )
      await ticketCalls(bench, 'sms', free, expected)
    },
  },
  {
    name: 'a delayed ticket is handled, and not early',
    rule: 'With `delayMs` the work becomes due only then; a handler that is called before finds nothing and the ticket is spent.',
    async run({ queue, watch, soon }) {
      const watched = watch()
      await queue.consume('email', 1, watched.handler)
      const delayMs = 200
      const before = performance.now()
      queue.ticket('email', { delayMs })
      await soon(
        () => watched.begun > 0,
        `the handler is called after ${delayMs} ms`,
        () => times(0),
      )
      // A timer may end a millisecond before its time.
      const tookMs = performance.now() - before
      if (tookMs < delayMs - 2) {
        broken(`the handler is called after ${delayMs} ms`, `it was after ${tookMs.toFixed()} ms`)
      }
    },
  },
  {
    name: 'as many handlers run at once as agreed, and no more',
    rule: '`concurrency` is how many calls of the handler one consumer has at once.',
    async run({ queue, watch, soon }) {
      const watched = watch('held')
      await queue.consume('email', 3, watched.handler)
      for (let n = 0; n < 20; n++) queue.ticket('email')
      const expected = 'of 20 tickets at a concurrency of 3, three are handled at once'
      await soon(
        () => watched.running >= 3,
        expected,
        () => `there were ${watched.most}`,
      )
      await sleep(quietMs)
      watched.release()
      for (let n = 0; n < 20; n++) queue.ticket('email')
      await sleep(quietMs)
      if (watched.most > 3) broken(expected, `there were ${watched.most}`)
    },
  },
  {
    name: 'tickets that come while all are busy are handled afterwards, together',
    rule: 'A ticket that comes while all handlers are busy is handled after one of them, once: a handler takes all that is due, so a pile of tickets would only be a pile of idle looks.',
    async run({ queue, watch, soon }) {
      const watched = watch('held')
      await queue.consume('email', 1, watched.handler)
      queue.ticket('email')
      await soon(
        () => watched.running === 1,
        'the handler is called for the first ticket',
        () => times(0),
      )
      await sleep(quietMs)
      for (let n = 0; n < 100; n++) queue.ticket('email')
      // Word of them may come round by others, and must come while it is busy.
      await sleep(quietMs)
      watched.release()
      await soon(
        () => watched.begun > 1,
        'the handler is called once more when it has ended',
        () => times(watched.begun - 1),
      )
      await sleep(quietMs * 2)
      // Doubled tickets do no harm.
      if (watched.begun > 10) {
        broken('100 tickets while it is busy make a few calls', times(watched.begun - 1))
      }
    },
  },
  {
    name: 'a handler that fails ends nothing, and is told of',
    rule: 'What a handler throws is told to `onError`; its place is free again, and tickets are handled as before.',
    async run({ queue, soon, errors }) {
      let calls = 0
      await queue.consume('email', 1, () => {
        calls += 1
        if (calls === 1) throw new Error('thrown by the check')
        return calls === 2 ? Promise.reject(new Error('rejected by the check')) : Promise.resolve()
      })
      for (const count of [1, 2, 3]) {
        queue.ticket('email')
        await soon(
          () => calls >= count,
          `the handler is called for ticket ${count}, after ${count - 1} of its calls have failed`,
          () => times(calls),
        )
        await sleep(5)
      }
      const told = () => ['thrown', 'rejected'].filter((how) => includes(errors, how))
      await soon(
        () => told().length === 2,
        '`onError` is told what the handler threw, and with what it rejected',
        () => `it was told [${errors.map(({ message }) => message).join(', ')}]`,
      )
    },
  },
]

function includes(errors: readonly Error[], how: string): boolean {
  return errors.some(({ message }) => message === `${how} by the check`)
}
