import { randomBytes } from 'node:crypto'
import type { Answer, Backend, Outgoing } from '../../src/channel/backend.ts'
import type { Receipt } from '../../src/channel/receipt.ts'
import { DeliveryError, Permanent, RetryAfter, toError } from '../../src/errors.ts'
import type { BackendSite, ReceivedMessage } from '../../src/testing/index.ts'

/** A provider without a network, for the tests of the checks themselves: they break its backend. */
export interface Memory {
  readonly token: string
  readonly received: ReceivedMessage[]
  readonly refused: Set<string>
  state: 'up' | 'failing' | 'pausing' | 'hanging' | 'down'
}

type Note = Outgoing<string, { readonly text: string }>
export type NoteBackend = Backend<string, { readonly text: string }, unknown>

const pauseMs = 60_000

const aborted = () => new DeliveryError('The try was stopped.', { code: 'aborted' })

/** What the provider says to a request; `undefined` where it takes it. */
function answer({ state, token }: Memory, password: string): Error | undefined {
  if (state === 'down') return new DeliveryError('no connection', { code: 'ECONNREFUSED' })
  if (password !== token) return new DeliveryError('who are you?', { code: 'note-401' })
  if (state === 'failing') return new DeliveryError('not now', { code: 'note-503' })
  if (state === 'pausing') return new RetryAfter(pauseMs, 'too many', { code: 'note-429' })
  return undefined
}

/** A backend that keeps every rule. */
export function noteBackend(memory: Memory, password = memory.token): NoteBackend {
  const underWay = new Set<Promise<unknown>>()
  async function deliver(note: Note): Promise<Receipt> {
    if (note.signal.aborted) throw aborted()
    if (memory.state === 'hanging') await untilAborted(note.signal)
    const problem = answer(memory, password)
    if (problem) throw problem
    const isRefused = (address: string) => memory.refused.has(address)
    const refused = note.addresses.filter(isRefused)
    if (refused.length === note.addresses.length) {
      throw new Permanent(`no such room: ${refused}`, { code: 'note-404' })
    }
    for (const to of note.addresses) {
      if (!isRefused(to)) memory.received.push({ to, text: note.message.text, id: note.id })
    }
    const told = refused.map((address) => ({ address, code: 'note-404', text: 'no such room' }))
    return { id: note.id, ...(told.length > 0 && { refused: told }) }
  }
  const send = (note: Note) => {
    const sending = deliver(note)
    underWay.add(sending)
    const done = () => void underWay.delete(sending)
    sending.then(done, done)
    return sending
  }
  return {
    name: 'memory',
    send,
    sendMany: (notes) =>
      Promise.all(notes.map((note): Promise<Answer> => send(note).catch(toError))),
    async verify() {
      const problem = answer(memory, password)
      if (problem) throw problem
    },
    async close() {
      await Promise.allSettled(underWay)
    },
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(aborted()), { once: true })
  })
}

export const memorySite: BackendSite<string, { readonly text: string }, unknown, Memory> = {
  start: () => ({
    token: randomBytes(12).toString('hex'),
    received: [],
    refused: new Set(),
    state: 'up',
  }),
  stop: () => {},
  backend: (memory) => noteBackend(memory),
  address: (n) => `#room-${n}`,
  key: (address) => address,
  message: (text) => ({ text }),
  received: (memory) => memory.received,
  secrets: (memory) => [memory.token],
  ...{ takesIds: true, verifies: true, sendsMany: true, groups: true },
  refuse: (memory, address) => memory.refused.add(address),
  fail(memory) {
    memory.state = 'failing'
  },
  pause(memory) {
    memory.state = 'pausing'
    return pauseMs
  },
  hang(memory) {
    memory.state = 'hanging'
  },
  down(memory) {
    memory.state = 'down'
  },
  mend(memory) {
    memory.state = 'up'
    memory.refused.clear()
  },
  unauthorized: (memory) => noteBackend(memory, 'guessed'),
}
