/**
 * Label values that come from outside, such as the codes of providers: after so many different ones
 * all further ones are `other`, since each makes a series that Prometheus keeps.
 */
export function createBounded(atMost: number, longest = 64): (value: string) => string {
  const known = new Set<string>()
  return (value) => {
    if (known.has(value)) return value
    if (known.size >= atMost || value.length > longest) return 'other'
    known.add(value)
    return value
  }
}
