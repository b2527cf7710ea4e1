import { type Context, type Emitter, Output, type Scope, type Template } from 'liquidjs'
import { childrenOf, plainUse } from './usage.ts'

interface WithScopes {
  findScope(name: string | number): Scope
}

/**
 * Lets outputs of a plain variable (`{{ order.id }}`, most of what templates print) read it at
 * once. liquidjs goes through seven generators for each, which is most of the time of a rendering.
 * `added` is the filter that the engine adds to every output, if it does.
 */
export function shortenOutputs(
  templates: readonly Template[],
  print: (value: unknown) => string,
  added: unknown,
): void {
  for (const template of templates) {
    if (template instanceof Output) shorten(template, print, added)
    else shortenOutputs(childrenOf(template, 'left'), print, added)
  }
}

function shorten(output: Output, print: (value: unknown) => string, added: unknown): void {
  const { initial, filters } = output.value
  const [only, ...more] = initial.postfix
  // The added filter bears the name of its class, which cannot be written in a template.
  if (more.length > 0 || filters.length !== (added === undefined ? 0 : 1)) return
  if (filters[0] && filters[0].name !== Object.prototype.toString.call(added)) return
  const path = plainUse(only)?.path
  if (path === undefined) return
  const inFull = output.render.bind(output)
  const render = (ctx: Context, emitter: Emitter): unknown => {
    let value: unknown = (ctx as unknown as WithScopes).findScope(path[0]!)
    for (const key of path) value = ctx.readProperty(value as Scope, key)
    // `block.super` renders when it is read.
    if (typeof (value as { next?: unknown } | undefined | null)?.next === 'function') {
      return inFull(ctx, emitter)
    }
    emitter.write(print(value))
    return undefined
  }
  output.render = render as Output['render']
}
