import {
  type Context,
  type Emitter,
  type Filter,
  Output,
  type Scope,
  type Template,
  Value,
} from 'liquidjs'
import { childrenOf, plainUse } from './usage.ts'

interface WithScopes {
  findScope(name: string | number): Scope
}

type Path = readonly (string | number)[]

/**
 * Lets outputs of a plain variable (`{{ order.id }}`, `{{ order | json }}`, most of what templates
 * print) and tests of one (`{% if carrier %}`) read it at once. liquidjs goes through seven
 * generators for each, which is most of the time of a rendering. `added` is the filter that the
 * engine adds to every output, if it does.
 */
export function shortenOutputs(
  templates: readonly Template[],
  print: (value: unknown) => string,
  added: unknown,
): void {
  for (const template of templates) {
    if (template instanceof Output) {
      shorten(template, print, added)
      continue
    }
    for (const { value } of branchesOf(template)) shortenTest(value)
    shortenOutputs(childrenOf(template, 'left'), print, added)
  }
}

/** What `if` and `unless` test. */
function branchesOf(template: Template): readonly { readonly value: unknown }[] {
  return (template as { branches?: readonly { readonly value: unknown }[] }).branches ?? []
}

function read(ctx: Context, path: Path): unknown {
  let value: unknown = (ctx as unknown as WithScopes).findScope(path[0]!)
  for (const key of path) value = ctx.readProperty(value as Scope, key)
  return value
}

function shortenTest(value: unknown): void {
  const path = value instanceof Value ? plainUse(value)?.path : undefined
  if (path === undefined) return
  // It is awaited by `yield`, which takes what is no generator as it is.
  const test = value as { value(ctx: Context): unknown }
  test.value = (ctx) => read(ctx, path)
}

function shorten(output: Output, print: (value: unknown) => string, added: unknown): void {
  const { initial, filters } = output.value
  const [only, ...more] = initial.postfix
  const own = added === undefined ? filters : filters.slice(0, -1)
  // The added filter bears the name of its class, which cannot be written in a template.
  const last = filters.at(-1)?.name
  if (added !== undefined && last !== Object.prototype.toString.call(added)) return
  const path = plainUse(only)?.path
  if (path === undefined || more.length > 0 || !own.every(isPlain)) return
  const inFull = output.render.bind(output)
  const render = (ctx: Context, emitter: Emitter): unknown => {
    let value = read(ctx, path)
    for (const filter of own) {
      if (isWaiting(value)) break
      value = applied(filter, ctx, value)
    }
    // `block.super` renders when it is read.
    if (isWaiting(value)) return inFull(ctx, emitter)
    emitter.write(print(value))
    return undefined
  }
  output.render = render as Output['render']
}

interface WithHandler {
  readonly handler: (this: unknown, value: unknown) => unknown
  readonly token: unknown
  readonly liquid: unknown
}

/** Without arguments, and giving its result at once. */
function isPlain(filter: Filter): boolean {
  const { handler } = filter as unknown as WithHandler
  return filter.args.length === 0 && handler.constructor.name === 'Function'
}

function applied(filter: Filter, context: Context, value: unknown): unknown {
  const { handler, token, liquid } = filter as unknown as WithHandler
  return handler.call({ context, token, liquid }, value)
}

function isWaiting(value: unknown): boolean {
  return typeof (value as { next?: unknown } | undefined | null)?.next === 'function'
}
