export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/**
 * Looks for the first value that JSON would lose or change, and returns its path and what it is,
 * or `undefined`. `undefined` as an object's value is fine: the key is left out.
 */
export function findNotJson(
  value: unknown,
  path = '',
  seen = new Set<object>(),
): string | undefined {
  const at = path === '' ? 'the value itself' : `\`${path}\``
  switch (typeof value) {
    case 'string':
      return isStorable(value) ? undefined : `${at} holds a NUL or half of a surrogate pair`
    case 'boolean':
      return undefined
    case 'undefined':
      return path === '' || path.endsWith(']') ? `${at} is undefined` : undefined
    case 'number':
      return Number.isFinite(value) ? undefined : `${at} is ${value}`
    case 'object':
      break
    default:
      return `${at} is a ${typeof value}`
  }
  if (value === null) return undefined
  if (seen.has(value)) return `${at} refers to itself`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    return `${at} is a ${(value as object).constructor?.name ?? 'class instance'}`
  }
  seen.add(value)
  for (const [key, item] of Object.entries(value)) {
    const found = findNotJson(
      item,
      Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key,
      seen,
    )
    if (found !== undefined) return found
  }
  seen.delete(value)
  return undefined
}

const nul = String.fromCharCode(0)

/** False for what PostgreSQL's text and jsonb cannot hold: NUL, and halves of surrogate pairs. */
export function isStorable(text: string): boolean {
  return !text.includes(nul) && !/\p{Surrogate}/u.test(text)
}

/** JSON with object keys in order, so that equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : item,
  )
}
