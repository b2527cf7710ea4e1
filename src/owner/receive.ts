import { EnvoyerError } from '../errors.ts'
import { carriedRecipient } from '../recipient/carried.ts'

/** A part of the recipients, each as JSON. */
export interface Part {
  readonly items: readonly string[]
  readonly done: boolean
  /** The source threw in the client, where the caller is told. */
  readonly failed?: boolean
}

/** Recipients on their way to the owner. `next` asks the client for more of them. */
export type SentRecipients =
  | { readonly kind: 'one'; readonly item: string }
  | { readonly kind: 'array' | 'many'; next(): Promise<Part> }

/** An array is written in one transaction, and so must be here as a whole. */
const arrayAtMost = 250_000

const read = (item: string) => carriedRecipient(JSON.parse(item))

/**
 * Takes recipients from a client. `ownKey`: the key is one of the client's making, with which nobody
 * will go on where the source has failed, so that what came before is all.
 */
export function receiveRecipients(sent: SentRecipients, ownKey: boolean) {
  let [failed, gone, wrote] = [false, false, false]
  const next = async (ask: () => Promise<Part>): Promise<Part> => {
    const part = await ask().catch((thrown) => {
      gone = true
      throw thrown
    })
    failed = part.failed === true
    if (failed && !ownKey) throw new Error('the source of the recipients failed')
    return part
  }
  async function* stream(ask: () => Promise<Part>) {
    for (;;) {
      const { items, done } = await next(ask)
      for (const item of items) yield read(item)
      if (done) return
    }
  }
  const collect = async (ask: () => Promise<Part>) => {
    const all: object[] = []
    for await (const recipient of stream(ask)) {
      if (all.length >= arrayAtMost) {
        throw new EnvoyerError(
          'request-too-large',
          `an array of more than ${arrayAtMost} recipients`,
        )
      }
      all.push(recipient)
    }
    if (failed) throw new Error('the source of the recipients failed')
    return all
  }
  return {
    recipients: async (): Promise<object> => {
      if (sent.kind === 'one') return read(sent.item)
      return sent.kind === 'array' ? collect(sent.next) : stream(sent.next)
    },
    /** Of a call that threw: nobody will go on with what it has written. */
    isPartlyWritten: () => sent.kind === 'many' && ownKey && !gone && wrote,
    /** Some of them are in the outbox. */
    written(): void {
      wrote = true
    },
    /** Fails where the source has. */
    check(): void {
      if (failed) throw new Error('the source of the recipients failed')
    },
  }
}
