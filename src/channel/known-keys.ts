/**
 * What is said of keys that an options object does not have: a misspelt option must not be silently
 * without effect (`secrets` instead of `secret` would send unsigned). Empty where all are known.
 */
export function unknownKeys(options: unknown, known: readonly string[]): string[] {
  if (options === null || typeof options !== 'object') return []
  return Object.keys(options)
    .filter((key) => !known.includes(key))
    .map((key) => `there is no option \`${key}\`; there are ${known.join(', ')}`)
}
