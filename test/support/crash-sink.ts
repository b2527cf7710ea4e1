import { setTimeout as sleep } from 'node:timers/promises'
import { startReceiver } from './http-receiver.ts'

/** Where the crash tests' webhooks go: counts how often each delivery arrived. */
export interface CrashSink {
  readonly url: string
  /** Times that each delivery id was received, counted before it is answered. */
  readonly received: ReadonlyMap<string, number>
  /** How long requests take from now on, in milliseconds: at random between the two. */
  answerWithin(fromMs: number, toMs: number): void
  forget(): void
  stop(): Promise<void>
}

export async function startCrashSink(): Promise<CrashSink> {
  const received = new Map<string, number>()
  let [fromMs, toMs] = [5, 40]
  const receiver = await startReceiver({
    async handler({ headers }, response) {
      const id = String(headers['webhook-id'])
      received.set(id, (received.get(id) ?? 0) + 1)
      // Kept waiting, so that deliveries are in flight whenever the sender is killed.
      await sleep(fromMs + Math.random() * (toMs - fromMs), undefined, { ref: false })
      response.writeHead(204).end()
    },
  })
  return {
    url: receiver.url,
    received,
    answerWithin(from, to) {
      fromMs = from
      toMs = to
    },
    forget() {
      received.clear()
      receiver.requests.length = 0
    },
    stop: () => receiver.stop(),
  }
}
