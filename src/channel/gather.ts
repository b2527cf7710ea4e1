import { toError } from '../errors.ts'
import type { Answer, Backend, Outgoing, Receipt } from './backend.ts'

interface Waiting<Address, Message, Options> {
  readonly outgoing: Outgoing<Address, Message, Options>
  resolve(receipt: Receipt): void
  reject(error: Error): void
}

/**
 * Hands messages that are sent in the same moment to `sendMany`, where the backend has it: a worker
 * starts those that it claimed together, so they meet here.
 */
export function gather<Address, Message, Options>(
  backend: Backend<Address, Message, Options>,
): Backend<Address, Message, Options> {
  if (!backend.sendMany) return backend
  const atMost = backend.manyAtMost ?? 100
  let waiting: Waiting<Address, Message, Options>[] = []
  const flush = () => {
    const all = waiting
    waiting = []
    for (let at = 0; at < all.length; at += atMost) {
      void sendTogether(backend, all.slice(at, at + atMost))
    }
  }
  return {
    name: backend.name,
    send: (outgoing) =>
      new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush)
        waiting.push({ outgoing, resolve, reject })
      }),
    async verify() {
      await backend.verify?.()
    },
    async close() {
      await backend.close?.()
    },
  }
}

async function sendTogether<Address, Message, Options>(
  backend: Backend<Address, Message, Options>,
  waiting: readonly Waiting<Address, Message, Options>[],
): Promise<void> {
  const answers = await answersOf(
    backend,
    waiting.map(({ outgoing }) => outgoing),
  ).catch((thrown) => waiting.map(() => toError(thrown)))
  waiting.forEach(({ resolve, reject }, n) => {
    const answer = answers[n]
    if (answer instanceof Error) reject(answer)
    else if (answer) resolve(answer)
    else reject(new Error(`The backend ${backend.name} gave no answer for this message`))
  })
}

async function answersOf<Address, Message, Options>(
  backend: Backend<Address, Message, Options>,
  outgoing: readonly Outgoing<Address, Message, Options>[],
): Promise<readonly Answer[]> {
  if (outgoing.length === 1) return [await backend.send(outgoing[0]!)]
  return backend.sendMany!(outgoing, whenAll(outgoing.map(({ signal }) => signal)))
}

/** Aborted when all of them are. */
function whenAll(signals: readonly AbortSignal[]): AbortSignal {
  const all = new AbortController()
  let left = signals.length
  for (const signal of signals) {
    const aborted = () => {
      left -= 1
      if (left === 0) all.abort(signal.reason)
    }
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted, { once: true })
  }
  return all.signal
}
