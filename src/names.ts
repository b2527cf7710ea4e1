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

/** Throws `event-unknown` or `channel-unknown` where there is none of some of the names. */
export function checkNames(
  kind: 'event' | 'channel',
  names: readonly string[],
  all: Readonly<Record<string, unknown>>,
): void {
  const unknown = names.filter((name) => !Object.hasOwn(all, name))
  if (unknown.length > 0) throw unknownName(kind, unknown, Object.keys(all))
}

/** The event or channel of a name. Throws `event-unknown` or `channel-unknown`. */
export function named<T>(
  kind: 'event' | 'channel',
  all: Readonly<Record<string, T>>,
  name: string,
): T {
  checkNames(kind, [name], all)
  return all[name]!
}
