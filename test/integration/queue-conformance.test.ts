import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type OwnDatabase, openDatabase } from '../../src/database/index.ts'
import { createOutbox, notifyWorkers, type Outbox } from '../../src/outbox/outbox.ts'
import { createBullmqQueue, loadBullmq } from '../../src/queue/bullmq.ts'
import { createInProcessQueue } from '../../src/queue/in-process.ts'
import { createNotifyQueue } from '../../src/queue/notify.ts'
import { type QueueSite, queueChecks } from '../../src/testing/index.ts'
import { until } from '../support/database.ts'
import {
  type Engine,
  embedded,
  freshSchema,
  onEveryEngine,
  postgres,
  redisUrl,
} from '../support/engines.ts'
import { portOf, startLine } from '../support/proxy.ts'

interface Place {
  readonly database: OwnDatabase
  readonly outbox: Outbox
}

async function openPlace({ fresh }: Engine): Promise<Place> {
  const { directory = 'memory', databaseUrl, schema = 'envoyer' } = fresh()
  const database = await openDatabase({
    ...(databaseUrl === undefined ? {} : { url: databaseUrl }),
    ...{ directory, schema, entities: [], migrations: [], onWarning: () => {} },
  })
  return { database, outbox: createOutbox(schema, () => 0) }
}

/** As an envoyer makes its queue, see wiring/open.ts. */
const listenBy =
  ({ database, outbox }: Place) =>
  (heard: () => void) =>
    database.listen(outbox.wakeTopic, heard)

function checkQueue<P>(site: QueueSite<P>): void {
  for (const { name, run } of queueChecks(site)) test(name, run)
}

describe('the queue of one process by itself', () => {
  checkQueue({
    start: () => undefined,
    stop: () => {},
    queue: (_place, onError) => createInProcessQueue(onError),
    ...{ shared: false, cut: null },
  })
})

describe('the queue of one process that hears of transactions (embedded)', () => {
  checkQueue({
    start: () => openPlace(embedded),
    stop: ({ database }) => database.close(),
    queue: (place, onError) => createInProcessQueue(onError, listenBy(place)),
    ...{ shared: false, cut: null },
  })
})

onEveryEngine('the queue over LISTEN and NOTIFY', (engine) => {
  checkQueue({
    start: () => openPlace(engine),
    stop: ({ database }) => database.close(),
    queue: (place, onError) =>
      createNotifyQueue(
        () => notifyWorkers(place.outbox, place.database),
        listenBy(place),
        onError,
      ),
    shared: true,
    cut: ({ database }) => database.close(),
  })
})

describe('the queue over BullMQ and Redis', () => {
  // First: where Redis is cut off, BullMQ waits for a few seconds more.
  test('closed, it leaves no timer that would hold the process', async () => {
    const timers = () =>
      process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length
    const before = timers()
    const queue = createBullmqQueue(await loadBullmq(), {
      ...{ url: redisUrl(), prefix: freshSchema(), notify: async () => {} },
      ...{ listen: async () => async () => {}, onError: assert.ifError },
    })
    for (const channel of ['email', 'webhook']) await queue.consume(channel, 1, async () => {})
    queue.ticket('email')
    await sleep(200)
    await queue.close()
    await until(async () => timers() <= before, 'the end of all timers', 3000)
  })

  checkQueue({
    start: async () => ({
      ...(await openPlace(postgres)),
      packages: await loadBullmq(),
      prefix: freshSchema(),
      line: await startLine({ port: portOf(redisUrl()) }),
    }),
    stop: ({ database, line }) => Promise.all([database.close(), line.close()]),
    queue: (place, onError) =>
      createBullmqQueue(place.packages, {
        ...{ url: place.line.through(redisUrl()), prefix: place.prefix, onError },
        notify: () => notifyWorkers(place.outbox, place.database),
        listen: listenBy(place),
      }),
    shared: true,
    cut: ({ line }) => line.become('refuse'),
  })
})
