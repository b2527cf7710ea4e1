import { EnvoyerError, toError } from '../errors.ts'
import type { Answer, Backend, Outgoing } from './backend.ts'
import type { Receipt } from './receipt.ts'

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
  const problems = manyProblems(backend)
  if (problems.length > 0) throw new EnvoyerError('configuration-invalid', problems)
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
    ...(backend.verify && { verify: async () => backend.verify?.() }),
    ...(backend.checks && { checks: (options) => backend.checks?.(options) ?? [] }),
    async close() {
      await backend.close?.()
    },
  }
}

/** True for a backend that can be told from others, on record and by a composite. */
export function isNamed(backend: Backend<never, never, never> | undefined): boolean {
  return typeof backend?.name === 'string' && backend.name !== ''
}

/** What is wrong with how many a backend says it takes. */
export function manyProblems({ name, manyAtMost = 1 }: Backend<never, never, never>): string[] {
  if (Number.isInteger(manyAtMost) && manyAtMost >= 1) return []
  return [`backend ${name}: \`manyAtMost\` must be a whole number of 1 or more`]
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
  const answers = await backend.sendMany!(outgoing, whenAll(outgoing.map(({ signal }) => signal)))
  if (Array.isArray(answers)) return answers
  throw new Error(`sendMany of the backend ${backend.name} gave no list of answers`)
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
