import type { Json, JsonObject } from './json.ts'
import { sampleNumber } from './sample-number.ts'
import { sampleText } from './sample-text.ts'

type JsonSchema = Readonly<Record<string, unknown>>

/** Where one value stands in the sample. */
interface Spot {
  /** As in `items.0.name`. */
  readonly path: string
  /** The name that says most about it: its key, or that of the list it is in. */
  readonly name: string
  /** Of a list's items, which one: they should not all be the same. */
  readonly index: number
  /** What was referred to on the way here: a schema that goes in a circle ends there. */
  readonly followed: ReadonlySet<string>
}

/** What no sample can be made for; the text says where, and why. */
export class NoSample extends Error {
  override readonly name = 'NoSample'
}

const itemCount = 2

/**
 * A plausible value for a JSON Schema (draft 2020-12): names where a key says so, both items of a
 * list different, numbers and texts within their limits. The same each time. Throws `NoSample`.
 */
export function sampleOf(schema: JsonSchema): Json {
  return sample(schema, schema, { path: '', name: '', index: 0, followed: new Set() })
}

function sample(schema: unknown, root: JsonSchema, from: Spot): Json {
  if (schema === false) throw new NoSample(`${say(from)} can have no value`)
  const followed = new Set(from.followed)
  const spot = { ...from, followed }
  const node = resolved(schema, root, spot, followed)
  const given = givenValue(node)
  if (given !== undefined) return given
  const choices = choicesOf(node)
  return choices.length > 0 ? firstOf(choices, node, root, spot) : ofType(node, root, spot)
}

const say = ({ path }: Spot) => (path === '' ? 'the context' : `\`${path}\``)

/** A value that the schema itself names. */
function givenValue(node: JsonSchema): Json | undefined {
  if (node.const !== undefined) return node.const as Json
  for (const list of [node.examples, node.enum]) {
    if (Array.isArray(list) && list.length > 0) {
      return (list.find((each) => each !== null) ?? list[0]) as Json
    }
  }
  return node.default as Json | undefined
}

/** The schema with what it refers to, and what holds beside it, in one object. */
function resolved(
  schema: unknown,
  root: JsonSchema,
  spot: Spot,
  followed: Set<string>,
): JsonSchema {
  if (schema === null || typeof schema !== 'object') return {}
  const { $ref, allOf, ...own } = schema as JsonSchema
  const parts = [...(Array.isArray(allOf) ? allOf : [])]
  if (typeof $ref === 'string') {
    if (followed.has($ref)) throw new NoSample(`${say(spot)} is nested without an end`)
    followed.add($ref)
    parts.push(pointed($ref, root, spot))
  }
  return parts.reduce<JsonSchema>(
    (node, part) => merged(resolved(part, root, spot, followed), node),
    own,
  )
}

function merged(one: JsonSchema, other: JsonSchema): JsonSchema {
  const lists = (node: JsonSchema) => (node.required as string[] | undefined) ?? []
  const properties = { ...(one.properties as object), ...(other.properties as object) }
  const required = [...new Set([...lists(one), ...lists(other)])]
  return {
    ...{ ...one, ...other },
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required } : {}),
  }
}

/** RFC 6901, within the schema. */
function pointed(ref: string, root: JsonSchema, spot: Spot): unknown {
  const keys = ref.startsWith('#') ? ref.slice(1).split('/').filter(Boolean) : ['']
  let at: unknown = root
  for (const raw of keys) {
    const key = decodeURIComponent(raw).replaceAll('~1', '/').replaceAll('~0', '~')
    at = (at as Record<string, unknown> | undefined)?.[key]
  }
  if (at === undefined) throw new NoSample(`${say(spot)} refers to ${ref}, which is not there`)
  return at
}

function choicesOf({ anyOf, oneOf }: JsonSchema): unknown[] {
  const choices = [anyOf, oneOf].find((list) => Array.isArray(list) && list.length > 0)
  const isNull = (choice: unknown) => (choice as JsonSchema | null)?.type === 'null'
  // Nothing is what shows least.
  return ((choices ?? []) as unknown[]).toSorted((a, b) => Number(isNull(a)) - Number(isNull(b)))
}

/** The first choice that a sample can be made for. */
function firstOf(
  choices: readonly unknown[],
  node: JsonSchema,
  root: JsonSchema,
  spot: Spot,
): Json {
  const { anyOf: _any, oneOf: _one, ...beside } = node
  let last: unknown
  for (const choice of choices) {
    try {
      const followed = new Set(spot.followed)
      const ofChoice = resolved(choice, root, spot, followed)
      return sample(merged(beside, ofChoice), root, { ...spot, followed })
    } catch (thrown) {
      if (!(thrown instanceof NoSample)) throw thrown
      last = thrown
    }
  }
  throw last
}

function ofType(node: JsonSchema, root: JsonSchema, spot: Spot): Json {
  switch (typeOf(node)) {
    case 'object':
      return sampleObject(node, root, spot)
    case 'array':
      return sampleList(node, root, spot)
    case 'number':
    case 'integer':
      return orNone(sampleNumber(node, spot.name, spot.index), spot, 'no number fits its limits')
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return orNone(sampleText(node, spot.name, spot.index), spot, unmet(node))
  }
}

const unmet = ({ pattern, format }: JsonSchema) =>
  pattern === undefined ? `no text of the format ${format} is known` : `no text fits ${pattern}`

function orNone<T>(value: T | undefined, spot: Spot, why: string): T {
  if (value === undefined) throw new NoSample(`${say(spot)}: ${why}`)
  return value
}

function typeOf(node: JsonSchema): string {
  const { type } = node
  if (typeof type === 'string') return type
  if (Array.isArray(type)) return type.find((each) => each !== 'null') ?? 'null'
  if (node.properties !== undefined || node.additionalProperties !== undefined) return 'object'
  if (node.items !== undefined || node.prefixItems !== undefined) return 'array'
  return node.minimum !== undefined || node.maximum !== undefined ? 'number' : 'string'
}

const below = (spot: Spot, key: string | number, name: string, index: number): Spot => ({
  path: spot.path === '' ? String(key) : `${spot.path}.${key}`,
  name,
  index,
  followed: spot.followed,
})

function sampleObject(node: JsonSchema, root: JsonSchema, spot: Spot): JsonObject {
  const properties = (node.properties ?? {}) as Record<string, unknown>
  const required = (node.required ?? []) as readonly string[]
  const made: Record<string, Json> = {}
  for (const key of new Set([...Object.keys(properties), ...required])) {
    const schema = Object.hasOwn(properties, key) ? properties[key] : node.additionalProperties
    try {
      made[key] = sample(schema ?? {}, root, below(spot, key, key, spot.index))
    } catch (thrown) {
      // Where it can be left out, an object without it is a sample too; circles end so.
      if (!(thrown instanceof NoSample) || required.includes(key)) throw thrown
    }
  }
  return Object.keys(made).length === 0 ? sampleRecord(node, root, spot) : made
}

/** An object whose keys are free has one. */
function sampleRecord(node: JsonSchema, root: JsonSchema, spot: Spot): JsonObject {
  const { additionalProperties, propertyNames } = node
  if (additionalProperties === undefined || additionalProperties === false) return {}
  if (additionalProperties === true) return {}
  const keys = propertyNames ?? { type: 'string' }
  const key = String(sample(keys, root, below(spot, 'key', 'key', spot.index)))
  return { [key]: sample(additionalProperties, root, below(spot, key, spot.name, spot.index)) }
}

function sampleList(node: JsonSchema, root: JsonSchema, spot: Spot): Json[] {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = node as Record<string, number>
  const fixed = (node.prefixItems ?? []) as unknown[]
  const made = fixed.map((item, n) => sample(item, root, below(spot, n, spot.name, n)))
  if (node.items === false) return made
  const count = Math.min(Math.max(itemCount, minItems), maxItems)
  // Names of lists are plural: `names` holds a name each.
  const name = spot.name.replace(/(?<=[a-z])s$/, '')
  try {
    for (let n = made.length; n < count; n += 1) {
      made.push(sample(node.items ?? {}, root, below(spot, n, name, n)))
    }
  } catch (thrown) {
    if (!(thrown instanceof NoSample) || made.length < minItems) throw thrown
  }
  return made
}
