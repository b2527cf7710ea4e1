import { EnvoyerError } from './errors.ts'

/** What is thrown of names that no event, or no channel, has. */
export function unknownName(
  kind: 'event' | 'channel',
  names: string | readonly string[],
  known: Iterable<string>,
): EnvoyerError {
  const configured = [...known].join(', ') || 'none'
  const problems = [names].flat().map((name) => `"${name}"; configured are ${configured}`)
  return new EnvoyerError(`${kind}-unknown`, problems)
}

/** The event or channel of a name. Throws `event-unknown` or `channel-unknown`. */
export function named<T>(
  kind: 'event' | 'channel',
  all: Readonly<Record<string, T>>,
  name: string,
): T {
  if (Object.hasOwn(all, name)) return all[name]!
  throw unknownName(kind, name, Object.keys(all))
}
