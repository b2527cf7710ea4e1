import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BullmqPackages, createBullmqQueue } from '../../src/queue/bullmq.ts'

class ConnectedRedis extends EventEmitter {
  readonly status = 'ready'
  duplicate = () => new ConnectedRedis()
  disconnect() {}
}

test('of a Redis that answers with errors it is told once, until it takes something again', async () => {
  let refuses = true
  let [asked, notified] = [0, 0]
  class Jobs extends EventEmitter {
    async add() {
      asked += 1
      if (refuses) throw new Error("OOM command not allowed when used memory > 'maxmemory'")
    }
    async close() {}
  }
  const errors: Error[] = []
  const packages = { Redis: ConnectedRedis, bullmq: { Queue: Jobs, Worker: EventEmitter } }
  const queue = createBullmqQueue(packages as unknown as BullmqPackages, {
    ...{ url: 'redis://127.0.0.1', prefix: 'envoyer' },
    notify: async () => {
      notified += 1
    },
    listen: async () => async () => {},
    onError: (error) => void errors.push(error),
  })
  const put = async (times: number) => {
    const until = asked + times
    while (asked < until) {
      queue.ticket('email')
      await sleep(5)
    }
  }
  await put(3)
  assert.equal(errors.length, 1)
  assert.match(errors[0]!.message, /^Of Redis; .*nothing is lost: OOM/)
  assert.ok(notified >= 1)
  refuses = false
  await put(1)
  refuses = true
  await put(2)
  assert.equal(errors.length, 2)
  await queue.close()
})
