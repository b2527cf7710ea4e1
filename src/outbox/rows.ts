import { toError } from '../errors.ts'

/** What stands for an absent other half of a character, and for NUL. */
const replacement = '\\ufffd'
const unstorable = /\\u(?:0000|d[89a-f])/
/** Each escape as a whole, so that a backslash of the text itself is passed over. */
const escapes = /\\(?:u[\da-f]{4}|.)/g

/**
 * Rows as one parameter, for `jsonb_to_recordset`: half the work of an array a column, whose
 * elements `pg` escapes one by one. What PostgreSQL can keep neither as text nor as jsonb, NUL and
 * halves of characters (a provider's cut answer), is replaced.
 */
export function asJson(rows: readonly object[]): string {
  const text = written(rows)
  if (!text.includes('\\u')) return text
  // JSON.stringify escapes no surrogate but one without its other half.
  return text.replace(escapes, (each) => (unstorable.test(each) ? replacement : each))
}

/** What a plugin gave may be no JSON (a BigInt, a circle); the rest is written all the same. */
function written(rows: readonly object[]): string {
  try {
    return JSON.stringify(rows)
  } catch {
    const own = (row: object) =>
      `{${Object.entries(row).flatMap(([name, value]) => member(name, value))}}`
    return `[${rows.map(own)}]`
  }
}

function member(name: string, value: unknown): string[] {
  try {
    const text = JSON.stringify(value)
    return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`]
  } catch (thrown) {
    const unwritable = { unwritable: toError(thrown).message }
    return [`${JSON.stringify(name)}:${JSON.stringify(unwritable)}`]
  }
}

/** Ids as an array parameter; there is nothing in them to be escaped. */
export const idArray = (ids: readonly string[]): string => `{${ids.join(',')}}`
