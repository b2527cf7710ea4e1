import type { Backend } from '../channel/backend.ts'

/** What has reached a provider: one for each address that a message reached. */
export interface ReceivedMessage {
  /** As the channel's address type gives it by `key`. */
  readonly to: string
  /** The content as the provider reads it: whatever holds the text of `message`. */
  readonly text: string
  /** What the provider recognises a second try by; there where `takesIds` is true. */
  readonly id?: string
}

/** Brings a provider into a state that lasts until `mend`. `null`: this provider cannot do that. */
export type Trouble<Provider> = ((provider: Provider) => unknown) | null

/**
 * Where `backendChecks` tries a backend: a provider, or a stand-in of it on the loopback, and what
 * it can be made to do. Every ability has to be named: `null` and `false` say that this provider or
 * backend has it not, and that its check is left out on purpose.
 */
export interface BackendSite<Address, Message, Options, Provider> {
  /** A provider that is up and has received nothing. Called once for each check. */
  start(): Provider | Promise<Provider>
  stop(provider: Provider): unknown
  /** A new backend of the provider, with the right credentials. */
  backend(provider: Provider): Backend<Address, Message, Options>
  /** The n-th of many different addresses (from 0) that the provider takes. */
  address(n: number, provider: Provider): Address
  /** The `key` of the channel's address type. */
  key(address: Address): string
  /** A message whose content is this text: one line, of any characters. */
  message(text: string): Message
  /** The channel's options for each message. Default: `{}`. */
  readonly options?: Options
  /** All that has arrived so far. */
  received(provider: Provider): readonly ReceivedMessage[] | Promise<readonly ReceivedMessage[]>
  /** What must not be seen in receipts and errors: passwords, tokens, in all forms sent. */
  secrets(provider: Provider): readonly string[]

  /** The provider is given something that is the same on each try: `received` shows it as `id`. */
  readonly takesIds: boolean
  /** The backend has `verify`. */
  readonly verifies: boolean
  /** The backend has `sendMany`. */
  readonly sendsMany: boolean
  /** The channel has `groupAtMost`: one message can go to several addresses. */
  readonly groups: boolean

  /** The provider refuses messages to this address for good. */
  readonly refuse: ((provider: Provider, address: Address) => unknown) | null
  /** It answers that it cannot just now: HTTP 503, SMTP 451. */
  readonly fail: Trouble<Provider>
  /** It asks for a pause; gives how long, in milliseconds. */
  readonly pause: ((provider: Provider) => number | Promise<number>) | null
  /** It takes what it is sent, and does not answer. */
  readonly hang: Trouble<Provider>
  /** It cannot be reached: connections are refused. */
  readonly down: Trouble<Provider>
  /** Ends all trouble. */
  mend(provider: Provider): unknown
  /** A backend with credentials that the provider does not accept. */
  readonly unauthorized: ((provider: Provider) => Backend<Address, Message, Options>) | null
  /** How long something may take that is to happen. Default 10,000 ms. */
  readonly patienceMs?: number
}

/** A site as the checks see it: they carry addresses and messages to and fro, and look into none. */
export type AnySite = BackendSite<unknown, unknown, unknown, unknown>
export type AnyBackend = Backend<unknown, unknown, unknown>
