/**
 * The kind of address that a channel uses: where a recipient carries it, how it is checked, and
 * when two addresses are the same.
 */
export interface AddressType<Address, Key extends string = string> {
  /** The well-known key of a recipient that holds it (`email`, `phone`, …). */
  readonly recipientKey?: Key
  /** For channels that can reach anyone: makes the address from the whole recipient. */
  readonly fromRecipient?: (recipient: Readonly<Record<string, unknown>>) => unknown
  /** Checks and normalises what the application gave. Throws an Error whose text says what is wrong. */
  parse(value: unknown): Address
  /** Equal for addresses that reach the same place; never contains a secret. */
  key(address: Address): string
  /** Top-level keys of an address object that are encrypted at rest and never shown. */
  readonly secretKeys?: readonly string[]
}
