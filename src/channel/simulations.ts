import { DeliveryError, Permanent, RetryAfter, toError } from '../errors.ts'
import type { Outgoing } from './backend.ts'
import type { Receipt } from './receipt.ts'

/** A try, and what it is that simulates. */
interface Tried extends Pick<Outgoing, 'id' | 'attempt' | 'signal'> {
  /** The address that decided, as its type's `key` gives it: without secrets. */
  readonly key: string
}

/** One outcome that an address can stand for. */
export interface Simulation {
  /** Part of the addresses; the error code of its tries is `simulated-<name>`. */
  readonly name: string
  /**
   * The ten numbers that begin so. All are of +44 7700 900000 to 900999, which Ofcom keeps for
   * drama, so that they reach nobody:
   * https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama
   */
  readonly phones: string
  /** As `docs/guides/rehearsals.md` says it. */
  readonly happens: string
  /** Does what a backend would do. */
  act(tried: Tried): Promise<Receipt>
}

const throttledMs = 60_000

const take = async ({ id }: Tried): Promise<Receipt> => ({ id: `simulated-${id}`, simulated: true })

/** Text and code of a simulated failure: whoever finds it later must see that it was none. */
const failure = (name: string, { key }: Tried, what: string) =>
  [`Simulated by ${key}: ${what}`, { code: `simulated-${name}` }] as const

/** The table of outcomes. `docs/guides/rehearsals.md` shows the same. */
export const simulations: readonly Simulation[] = [
  {
    name: 'sent',
    phones: '+44770090090',
    happens: 'Counts as sent; nothing goes out.',
    act: take,
  },
  {
    name: 'refused',
    phones: '+44770090091',
    happens: 'The provider refuses it for good: no second try.',
    async act(tried) {
      throw new Permanent(...failure('refused', tried, 'the provider refuses it for good'))
    },
  },
  {
    name: 'second-try',
    phones: '+44770090092',
    happens: 'The first try fails, the second counts as sent.',
    async act(tried) {
      if (tried.attempt > 1) return take(tried)
      throw new DeliveryError(...failure('second-try', tried, 'the first try fails'))
    },
  },
  {
    name: 'unavailable',
    phones: '+44770090093',
    happens: 'Every try fails for now, as when a mailbox is full.',
    async act(tried) {
      throw new DeliveryError(...failure('unavailable', tried, 'the provider cannot take it now'))
    },
  },
  {
    name: 'throttled',
    phones: '+44770090094',
    happens: 'The provider wants no other try of it for 60 s, each time.',
    async act(tried) {
      // The delivery alone: real messages are not to wait for a rehearsal.
      const [text, options] = failure('throttled', tried, 'too many messages, try again in 60 s')
      throw new RetryAfter(throttledMs, text, { ...options, scope: 'delivery' })
    },
  },
  {
    name: 'silent',
    phones: '+44770090095',
    happens: "No answer until the time of the try (the channel's `timeoutMs`) is up.",
    async act(tried) {
      const reason = await aborted(tried.signal)
      throw new DeliveryError(...failure('silent', tried, `no answer; ${reason}`))
    },
  },
  {
    name: 'unreachable',
    phones: '+44770090096',
    happens: 'The provider cannot be reached, as after `ECONNREFUSED`.',
    async act(tried) {
      throw new DeliveryError(...failure('unreachable', tried, 'connection refused (ECONNREFUSED)'))
    },
  },
  {
    name: 'unconfirmed',
    phones: '+44770090097',
    happens:
      'The connection is lost after the message was handed over: perhaps delivered, so tried again.',
    async act(tried) {
      const what = 'connection lost after the message was handed over; it may have been delivered'
      throw new DeliveryError(...failure('unconfirmed', tried, what))
    },
  },
]

/** Waits for the end of the try; gives its reason. */
function aborted(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const end = () => resolve(toError(signal.reason).message)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}
