export type JsonSchema = Readonly<Record<string, unknown>>

/** What is known of a value that a template uses. */
export interface Shape {
  /** The shape of a property, or `undefined` where there cannot be one of this name. */
  property(key: string | number): Shape | undefined
  /** The shape of what a `for` loop goes over. */
  item(): Shape
  /** The properties known by name. */
  keys(): string[]
}

/** Nothing is known: everything is allowed. */
export const anyShape: Shape = { property: () => anyShape, item: () => anyShape, keys: () => [] }

export function closedShape(properties: Readonly<Record<string, Shape>>): Shape {
  return {
    property: (key) => (Object.hasOwn(properties, key) ? properties[key] : undefined),
    item: () => anyShape,
    keys: () => Object.keys(properties),
  }
}

/** The shape that a JSON Schema describes. Where it does not say, everything is allowed. */
export function schemaShape(schema: unknown, root: unknown = schema): Shape {
  const ways = alternatives(schema, root, 0)
  if (ways === undefined || ways.length === 0) return anyShape
  const union = (shapes: readonly (Shape | undefined)[]): Shape | undefined => {
    const known = shapes.filter((shape) => shape !== undefined)
    return known.length > 1 ? unionShape(known) : known[0]
  }
  return {
    property: (key) => union(ways.map((nodes) => propertyOf(nodes, key, root))),
    item: () => union(ways.map((nodes) => itemOf(nodes, root))) ?? anyShape,
    keys: () => [...new Set(ways.flatMap((nodes) => nodes.flatMap(namedKeys)))],
  }
}

function unionShape(shapes: readonly Shape[]): Shape {
  if (shapes.includes(anyShape)) return anyShape
  const merged = (list: readonly (Shape | undefined)[]) => {
    const known = list.filter((shape) => shape !== undefined)
    return known.length === 0 ? undefined : unionShape(known)
  }
  return {
    property: (key) => merged(shapes.map((shape) => shape.property(key))),
    item: () => unionShape(shapes.map((shape) => shape.item())),
    keys: () => [...new Set(shapes.flatMap((shape) => shape.keys()))],
  }
}

/** Keywords that can add properties in ways not followed here. */
const beyond = [
  'if',
  'dependentSchemas',
  'dependencies',
  'patternProperties',
  'unevaluatedProperties',
  '$dynamicRef',
  '$recursiveRef',
]

/**
 * The schema as alternatives (`anyOf`, `oneOf`), each a list of schemas that hold together
 * (`allOf`, what stands beside a `$ref`). `undefined` where anything may be.
 */
function alternatives(schema: unknown, root: unknown, depth: number): JsonSchema[][] | undefined {
  if (depth > 20 || schema === null || typeof schema !== 'object') return undefined
  const node = schema as JsonSchema
  if (beyond.some((keyword) => node[keyword] !== undefined && node[keyword] !== false)) {
    return undefined
  }
  let ways: JsonSchema[][] = [[node]]
  const together = [...listOf(node.allOf)]
  if (typeof node.$ref === 'string') together.push(pointed(node.$ref, root))
  for (const part of together) {
    const inner = alternatives(part, root, depth + 1)
    if (inner === undefined) return undefined
    ways = ways.flatMap((nodes) => inner.map((more) => [...nodes, ...more]))
  }
  for (const choice of [listOf(node.anyOf), listOf(node.oneOf)]) {
    if (choice.length === 0) continue
    const inner = choice.map((part) => alternatives(part, root, depth + 1))
    if (inner.includes(undefined)) return undefined
    ways = ways.flatMap((nodes) => inner.flatMap((way) => way!.map((more) => [...nodes, ...more])))
  }
  // A schema of many choices times many: not worth following.
  return ways.length > 200 ? undefined : ways
}

function pointed(ref: string, root: unknown): unknown {
  if (!ref.startsWith('#')) return undefined
  let at: unknown = root
  for (const raw of ref.slice(1).split('/').filter(Boolean)) {
    const key = decodeURIComponent(raw).replaceAll('~1', '/').replaceAll('~0', '~')
    at = (at as Record<string, unknown> | undefined)?.[key]
  }
  return at
}

function propertyOf(nodes: readonly JsonSchema[], key: string | number, root: unknown) {
  const speaking = nodes.filter((node) => typesOf(node).length > 0)
  if (speaking.length === 0) return anyShape
  for (const node of speaking) {
    for (const type of typesOf(node)) {
      const found = propertyOfType(node, type, key, root)
      if (found !== undefined) return found
    }
  }
  return undefined
}

function propertyOfType(node: JsonSchema, type: string, key: string | number, root: unknown) {
  if (type === 'object') {
    const properties = node.properties as Record<string, unknown> | undefined
    if (properties !== undefined && Object.hasOwn(properties, key)) {
      return schemaShape(properties[key], root)
    }
    const more = node.additionalProperties
    if (more !== undefined && more !== false)
      return more === true ? anyShape : schemaShape(more, root)
    // A schema without `properties` says nothing of them; one that lists them is taken at its word.
    return properties === undefined && more !== false ? anyShape : sized(key)
  }
  if (type === 'array') {
    if (typeof key === 'number' || key === 'first' || key === 'last') return itemOf([node], root)
    return sized(key)
  }
  return type === 'string' ? sized(key) : undefined
}

/** `size` is what Liquid itself gives to texts, lists and objects. */
function sized(key: string | number): Shape | undefined {
  return key === 'size' ? anyShape : undefined
}

function itemOf(nodes: readonly JsonSchema[], root: unknown): Shape {
  const lists = nodes.filter((node) => typesOf(node).includes('array'))
  const [list] = lists
  if (list === undefined || lists.length > 1 || list.prefixItems !== undefined) return anyShape
  return Array.isArray(list.items) ? anyShape : schemaShape(list.items ?? true, root)
}

/** The types that a node allows, or none where it does not speak of structure. */
function typesOf(node: JsonSchema): string[] {
  if (typeof node.type === 'string') return [node.type]
  if (Array.isArray(node.type)) return node.type.filter((type) => type !== 'null')
  if (node.properties !== undefined || node.additionalProperties !== undefined) return ['object']
  return node.items !== undefined || node.prefixItems !== undefined ? ['array'] : []
}

function namedKeys(node: JsonSchema): string[] {
  return Object.keys((node.properties as object | undefined) ?? {})
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
