import { EnvoyerError, toError } from '../errors.ts'

/** What every signal about a delivery carries. Addresses and contexts stay in the database. */
export interface DeliverySignal {
  /** Of the delivery. */
  readonly id: string
  /** Of the call of `send`. */
  readonly notificationId: string
  readonly event: string
  readonly channel: string
  /** The user ids that the application gave. */
  readonly users: readonly string[]
}

export interface FailedTry extends DeliverySignal {
  /** Which try it was, from 1. */
  readonly attempt: number
  /** Short and stable: `http-503`, `smtp-550`, `ECONNREFUSED`. */
  readonly code: string
  /** What the backend threw, as far as it is written down: text and code. */
  readonly error: Error
}

/** The signals, by name: what each listener is given. */
export interface Signals {
  /** Written to the outbox by this process (not where the caller's own transaction carried it). */
  'delivery:queued': DeliverySignal
  /** A provider took it; of a group, but for so many `refused` addresses (the receipt names them). */
  'delivery:sent': DeliverySignal & {
    readonly attempt: number
    readonly tookMs: number
    readonly refused: number
  }
  /** A try failed; the next one is in `delayMs`. */
  'delivery:retrying': FailedTry & { readonly delayMs: number }
  /** It was due while its windows were shut: it goes at `sendAt`. Not counted as a try. */
  'delivery:deferred': DeliverySignal & { readonly sendAt: Date }
  /** Given up for good. */
  'delivery:failed': FailedTry
  'delivery:cancelled': { readonly id: string }
  /** Every delivery of the notification is settled. */
  'notification:completed': { readonly id: string }
}

/** The names of all signals, with what each means; the reference is generated from it. */
export const signalNames = {
  'delivery:queued':
    'A delivery was written to the outbox by this process. Not fired for a `send` in the caller’s own transaction, whose end it cannot know.',
  'delivery:sent': 'A provider took the message.',
  'delivery:retrying': 'A try failed; another follows after `delayMs`.',
  'delivery:deferred':
    'It became due while its windows were shut (a retry, a worker that was down over night), and waits until they open.',
  'delivery:failed': 'The delivery was given up for good.',
  'delivery:cancelled':
    'A waiting delivery was cancelled, by an operator or since it could not go by its deadline.',
  'notification:completed':
    'Every delivery of a notification is settled. Fires again where one of them is retried or resent.',
} as const satisfies Record<keyof Signals, string>

export type Listener<Name extends keyof Signals> = (signal: Signals[Name]) => unknown

export interface Emitter {
  /** Gives the function that takes the listener off again. */
  on<Name extends keyof Signals>(name: Name, listener: Listener<Name>): () => void
  emit<Name extends keyof Signals>(name: Name, signal: Signals[Name]): void
  /** Whether anybody listens: what nobody hears need not be made. */
  hears(name: keyof Signals): boolean
}

/**
 * Calls listeners in the order in which they were added. What one throws, at once or later, goes
 * to `onError` and harms neither the others nor the delivery.
 */
export function createEmitter(onError: (error: Error) => void): Emitter {
  const listeners = new Map<keyof Signals, Set<(signal: never) => unknown>>()
  return {
    on(name, listener) {
      if (!Object.hasOwn(signalNames, name)) {
        const names = Object.keys(signalNames).join(', ')
        throw new EnvoyerError('option-invalid', `there is no signal "${name}"; there are ${names}`)
      }
      let ofName = listeners.get(name)
      if (!ofName) {
        ofName = new Set()
        listeners.set(name, ofName)
      }
      // Wrapped, so that the same function can listen twice and be taken off once.
      const entry = (signal: never) => listener(signal)
      ofName.add(entry)
      return () => void ofName.delete(entry)
    },
    hears: (name) => (listeners.get(name)?.size ?? 0) > 0,
    emit(name, signal) {
      for (const listener of listeners.get(name) ?? []) {
        try {
          const result = listener(signal as never)
          if (result instanceof Promise) result.catch((thrown) => onError(toError(thrown)))
        } catch (thrown) {
          onError(toError(thrown))
        }
      }
    },
  }
}
