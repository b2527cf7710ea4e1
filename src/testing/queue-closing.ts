import { setTimeout as sleep } from 'node:timers/promises'
import type { Queue } from '../queue/contract.ts'
import { broken, ended, endingOf, nothingMoreOpen, openHandles, shown } from './check.ts'
import { type QueueBench, quietMs, type Watched } from './queue-bench.ts'
import type { QueueRule } from './queue-consuming.ts'

function mustBeQuiet(queue: Queue, when: string): void {
  const expected = `\`ticket\` returns nothing, and throws nothing, ${when}`
  let returned: unknown
  try {
    returned = queue.ticket('email') as unknown
    queue.ticket('email', { delayMs: 10 })
  } catch (thrown) {
    broken(expected, `it threw ${shown(thrown)}`)
  }
  if (returned === undefined) return
  // Were it a promise, its rejection would be nobody's.
  void endingOf(() => returned, 0)
  broken(expected, 'it returned something')
}

/** A consumer of `email` whose handler runs, and waits. */
async function busy({ queue, watch, soon }: QueueBench) {
  const watched = watch('held')
  const stop = await queue.consume('email', 1, watched.handler)
  queue.ticket('email')
  await soon(
    () => watched.running === 1,
    'the handler is called for its ticket',
    () => 'it was not',
  )
  return { watched, stop }
}

/** Ends something while a handler runs: it must wait for that, and nothing may begin afterwards. */
async function mustWaitFor(
  { queue, patienceMs }: QueueBench,
  watched: Watched,
  what: string,
  end: () => Promise<void>,
): Promise<void> {
  queue.ticket('email')
  queue.ticket('email', { delayMs: quietMs })
  const ending = endingOf(end, patienceMs)
  const early = await endingOf(() => ending, quietMs)
  if (early.how === 'fulfilled') {
    broken(`${what} waits for the handler that runs`, ended(early.value))
  }
  const before = watched.begun
  watched.release()
  const last = await ending
  if (last.how !== 'fulfilled') broken(`${what} resolves when no handler runs`, ended(last))
  if (watched.running > 0) broken(`when ${what} resolves no handler runs`, 'one still runs')
  mustBeQuiet(queue, `after ${what}`)
  await sleep(quietMs * 2)
  if (watched.begun > before) {
    broken(`after ${what} no handler is called`, `there were ${watched.begun - before} calls`)
  }
}

/** The rules for the life of a queue and its consumers. */
export const queueClosingRules: readonly QueueRule[] = [
  {
    name: 'a consumer that is stopped has ended what it began, and begins nothing more',
    rule: '`consume` gives the function that stops it, which resolves when no handler runs any more.',
    async run(bench) {
      const { watched, stop } = await busy(bench)
      await mustWaitFor(bench, watched, 'the function that stops', stop)
    },
  },
  {
    name: 'other consumers go on when one is stopped',
    rule: 'A process may have several workers: each stops by itself.',
    async run({ queue, watch, soon }) {
      const [one, other] = [watch(), watch()]
      const stop = await queue.consume('email', 1, one.handler)
      await queue.consume('email', 1, other.handler)
      await stop()
      const before = other.begun
      queue.ticket('email')
      await soon(
        () => other.begun > before,
        'the handler of the other consumer is called',
        () => 'it was not',
      )
    },
  },
  {
    name: 'a ticket never throws, and needs nobody to take it',
    rule: '`ticket` is called after a commit: it never throws and never waits, with no consumer, and after `close`.',
    async run({ queue, watch, soon }) {
      mustBeQuiet(queue, 'with no consumer')
      const watched = watch()
      await queue.consume('email', 1, watched.handler)
      queue.ticket('email')
      await soon(
        () => watched.begun > 0,
        'a consumer that came after a ticket is called for the next one',
        () => 'it was not',
      )
      await queue.close()
      mustBeQuiet(queue, 'after `close`')
      await sleep(quietMs)
    },
  },
  {
    name: 'close waits for what runs, begins nothing more, and can be called twice',
    rule: 'A process that stops closes its queue before its database: no handler may run then.',
    async run(bench) {
      const { watched } = await busy(bench)
      await mustWaitFor(bench, watched, '`close`', () => bench.queue.close())
      const again = await endingOf(() => bench.queue.close(), bench.patienceMs)
      if (again.how !== 'fulfilled') broken('a second `close` resolves', ended(again))
    },
  },
  {
    name: 'close leaves nothing open',
    rule: 'Connections and timers of a queue keep the process from ending unless `close` ends them.',
    async run({ queue, another, watch, patienceMs }) {
      // What is opened once for the place, and stays, is opened now.
      const first = another()
      await first.consume('email', 1, watch().handler)
      first.ticket('email')
      await sleep(quietMs)
      await first.close()
      const before = openHandles()
      await queue.consume('email', 1, watch().handler)
      queue.ticket('email')
      queue.ticket('email', { delayMs: 60_000 })
      await sleep(quietMs)
      await queue.close()
      const expected = 'after `close` no more is open than before `consume`'
      await nothingMoreOpen(before, expected, Math.min(patienceMs, 3_000))
    },
  },
  {
    name: 'a ticket reaches the workers of other processes',
    rule: 'Whichever process writes a message, any worker may send it.',
    applies: ({ shared }) => shared,
    async run({ queue, another, watch, soon }) {
      const watched = watch()
      await another().consume('email', 1, watched.handler)
      queue.ticket('email')
      await soon(
        () => watched.begun > 0,
        'a handler at another queue of the same place is called',
        () => 'it was not',
      )
    },
  },
  {
    name: 'what lies under the queue may be gone',
    rule: '`send` has written the message when it puts the ticket: that must not fail because Redis is away. `onError` is told.',
    applies: ({ cut }) => cut !== null,
    async run({ queue, watch, soon, errors, site, place, patienceMs }) {
      await queue.consume('email', 1, watch().handler)
      await site.cut!(place)
      mustBeQuiet(queue, 'with nothing under the queue')
      await soon(
        () => errors.length > 0,
        '`onError` is told',
        () => 'it was told nothing',
      )
      const closing = await endingOf(() => queue.close(), patienceMs)
      if (closing.how === 'pending') broken('`close` comes to an end', ended(closing))
    },
  },
]
