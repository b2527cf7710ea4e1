/**
 * A recipient as another process of the application has read it: plain data, without what only lives
 * there. `routes`: where it is reached, or why not, by channel.
 */
export interface Carried<Recipient, Outcome> {
  readonly recipient: Recipient
  readonly routes: Readonly<Record<string, readonly Outcome[]>>
}

const key = Symbol('carried')

/** Makes of it what `send` takes as a recipient. */
export function carriedRecipient(carried: Carried<unknown, unknown>): object {
  return { [key]: carried }
}

export function carriedOf<Recipient, Outcome>(
  source: object,
): Carried<Recipient, Outcome> | undefined {
  return (source as { readonly [key]?: Carried<Recipient, Outcome> })[key]
}
