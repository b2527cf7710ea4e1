import { type Connection, messageBytes } from '../database/index.ts'
import { EnvoyerError, toError } from '../errors.ts'
import { type PackedError, pack, packError, unpack, unpackError } from './values.ts'

/** Thrown to who asked, where the other end has ended before it answered. */
export class Gone extends Error {
  override readonly name = 'Gone'
}

/** What is known of a call while it runs. */
export interface Call {
  /** Aborted when the other end takes its question back, or ends. */
  readonly signal: AbortSignal
  /** The question may have been answered before: its answer was lost. */
  readonly again: boolean
}

export type Answer = (name: string, args: readonly unknown[], call: Call) => Promise<unknown>

export interface AskOptions {
  readonly again?: boolean
  /** Takes the question back; what answers it decides what becomes of it. */
  readonly signal?: AbortSignal | undefined
}

/** One end of a connection over which both ends ask, and answer. */
export interface Peer {
  /** Throws `Gone` where the other end ends first. */
  ask(name: string, args: readonly unknown[], options?: AskOptions): Promise<unknown>
  /** Questions of the other end that are not answered yet. */
  readonly answering: number
  /** Takes no more questions; they are for who comes next. */
  leave(): void
  /** Resolves when the other end takes no more questions. */
  readonly leaving: Promise<void>
  end(): void
  readonly ended: Promise<void>
  /** Waits until it has ended, and keeps the process alive meanwhile. */
  outlast(): Promise<void>
}

/** Questions of one end at once; a client that has more keeps them to itself. */
export const questionsAtMost = 900
/** Who asks more at once than it may is cut off. */
const toleratedQuestions = 1000

type Message =
  | ['ask', id: number, name: string, args: unknown[], again: boolean]
  | ['call', id: number, question: number, callback: number, args: unknown[]]
  | ['answer', id: number, value: unknown]
  | ['failed', id: number, error: PackedError]
  | ['back', id: number]
  | ['leaving']

interface Question {
  /** Functions among its arguments, which the other end may call while it is open. */
  readonly callbacks: ((...args: unknown[]) => unknown)[]
  resolve(value: unknown): void
  reject(error: Error): void
}

/** Makes a peer; `answer` does what the other end asks for. */
export function createPeer(connection: Connection, answer: Answer): Peer {
  const questions = new Map<number, Question>()
  const running = new Map<number, AbortController>()
  let [asked, over, outlasting] = [0, false, false]
  let otherLeaves: () => void = () => {}
  const leaving = new Promise<void>((resolve) => {
    otherLeaves = resolve
  })

  const send = (message: Message) => {
    const text = JSON.stringify(message)
    if (Buffer.byteLength(text) <= messageBytes) return connection.send(text)
    throw new EnvoyerError('request-too-large', `it measures ${text.length} bytes`)
  }
  /** Whoever waits for an answer, or for the end, must not end before it. */
  const hold = () => connection.hold(outlasting || questions.size > 0)
  const open = (make: (id: number, question: Question) => Message): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (over) return reject(new Gone())
      const id = ++asked
      const question: Question = { callbacks: [], resolve, reject }
      questions.set(id, question)
      hold()
      try {
        send(make(id, question))
      } catch (thrown) {
        close(id)?.reject(toError(thrown))
      }
    })
  const close = (id: number) => {
    const question = questions.get(id)
    questions.delete(id)
    hold()
    return question
  }
  const respond = async (id: number, work: () => Promise<unknown>) => {
    try {
      const value = await work()
      send(['answer', id, pack(value)])
    } catch (thrown) {
      send(['failed', id, packError(thrown)])
    }
  }
  const run = (id: number, name: string, args: unknown[], again: boolean) => {
    if (running.size >= toleratedQuestions) throw new Error('too many questions at once')
    const controller = new AbortController()
    const { signal } = controller
    running.set(id, controller)
    const callback =
      (number: number) =>
      (...given: unknown[]) =>
        open((call) => ['call', call, id, number, pack(given) as unknown[]])
    void respond(id, async () => {
      const unpacked = unpack(args, { callback, signal }) as unknown[]
      return answer(name, unpacked, { signal, again })
    }).finally(() => running.delete(id))
  }
  const hear = ([kind, id, ...rest]: [string, number, ...unknown[]]) => {
    switch (kind) {
      case 'ask':
        return run(id, String(rest[0]), rest[1] as unknown[], rest[2] === true)
      case 'call': {
        const [question, number, args] = rest as [number, number, unknown]
        const callback = questions.get(question)?.callbacks[number]
        return void respond(id, async () => callback?.(...(unpack(args) as unknown[])))
      }
      case 'answer':
        return close(id)?.resolve(unpack(rest[0]))
      case 'failed':
        return close(id)?.reject(unpackError(rest[0] as PackedError))
      case 'back':
        return running.get(id)?.abort()
      case 'leaving':
        return otherLeaves()
      default:
        throw new Error(`no message is called ${kind}`)
    }
  }
  const ended = connection.ended.then(() => {
    over = true
    otherLeaves()
    for (const id of [...questions.keys()]) close(id)?.reject(new Gone())
    for (const controller of running.values()) controller.abort()
  })
  connection.receive((text) => hear(JSON.parse(text)))
  return {
    ask(name, args, { again = false, signal } = {}) {
      let takeBack: (() => void) | undefined
      const answered = open((id, { callbacks }) => {
        const keep = (callback: (typeof callbacks)[number]) => callbacks.push(callback) - 1
        takeBack = () => questions.has(id) && send(['back', id])
        return ['ask', id, name, pack(args, { keep }) as unknown[], again]
      })
      if (!signal || !takeBack) return answered
      const back = takeBack
      if (signal.aborted) back()
      signal.addEventListener('abort', back)
      return answered.finally(() => signal.removeEventListener('abort', back))
    },
    get answering() {
      return running.size
    },
    leave: () => send(['leaving']),
    leaving,
    end: () => connection.end(),
    ended,
    outlast() {
      outlasting = true
      hold()
      return ended
    },
  }
}
