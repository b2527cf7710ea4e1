import { isStorable } from '../../src/event/json.ts'

/** As they are sent. */
export type Attributes = Readonly<Record<string, string>>

/** `channelOptions.postoffice` of an event or a call. */
export interface PostofficeOptions {
  /** Sent beside the payload. Numbers and booleans become texts: `7` is `7`, `false` is `false`. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>
}

/** A number that JSON has already changed would go out changed. */
function isExact(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
}

function problemOf(name: string, value: unknown): string | undefined {
  const shown = JSON.stringify(name)
  if (name === '' || !isStorable(name)) return `${shown} is not a name`
  if (typeof value === 'boolean') return undefined
  if (typeof value === 'number') {
    return isExact(value) ? undefined : `${shown} is too large to be exact; write it as a string`
  }
  if (typeof value !== 'string') return `${shown} must be a string, a number or a boolean`
  return isStorable(value) ? undefined : `${shown} holds a NUL or half of a surrogate pair`
}

/**
 * Reads attributes and turns each value into text.
 * @throws Error that names every attribute that cannot be used.
 */
export function readAttributes(value: unknown): Attributes {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('they must be an object of names and values')
  }
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  const problems = entries.flatMap(([name, each]) => problemOf(name, each) ?? [])
  if (problems.length > 0) throw new Error(problems.join('; '))
  return Object.fromEntries(entries.map(([name, each]) => [name, String(each)]))
}

/** @throws Error that says what is wrong, all at once. */
export function parseOptions(options: unknown): PostofficeOptions {
  if (options === undefined || options === null) return {}
  if (typeof options !== 'object' || Array.isArray(options)) throw new Error('must be an object')
  const { attributes, ...rest } = options as Record<string, unknown>
  const problems = Object.keys(rest).map(
    (key) => `there is no option \`${key}\`; there is attributes`,
  )
  try {
    const parsed = attributes === undefined ? {} : { attributes: readAttributes(attributes) }
    if (problems.length === 0) return parsed
  } catch (error) {
    problems.push(`\`attributes\`: ${(error as Error).message}`)
  }
  throw new Error(problems.join('; '))
}

/** Attribute by attribute, the call's over the event's. */
export function mergeOptions(base: PostofficeOptions, over: PostofficeOptions): PostofficeOptions {
  const attributes = { ...base.attributes, ...over.attributes }
  return Object.keys(attributes).length > 0 ? { attributes } : {}
}
