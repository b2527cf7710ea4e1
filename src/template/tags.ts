import {
  BlockTag,
  CaptureTag,
  type Context,
  Drop,
  type Emitter,
  IncludeTag,
  LayoutTag,
  type Liquid,
  type Parser,
  RenderTag,
  Tag,
  type TagToken,
  type TopLevelToken,
  Value,
} from 'liquidjs'
import { Fault } from './fault.ts'
import { Markup, toHtml, toText } from './print.ts'

/** Registers `render`, `include` and `layout` with a limit on how deep they go into one another. */
export function limitDepth(engine: Liquid, limit: number): void {
  // Rendering is synchronous, so one counter serves an engine: it is back at 0 whenever one ends.
  let depth = 0
  const deeper = function* <T>(inner: () => Generator<unknown, T>): Generator<unknown, T> {
    if (depth >= limit) throw new Fault(`templates render one another more than ${limit} deep`)
    depth += 1
    try {
      return yield* inner()
    } finally {
      depth -= 1
    }
  }
  engine.registerTag(
    'render',
    class extends RenderTag {
      override render(ctx: Context, emitter: Emitter) {
        return deeper(() => super.render(ctx, emitter))
      }
    },
  )
  engine.registerTag(
    'include',
    class extends IncludeTag {
      override render(ctx: Context, emitter: Emitter) {
        return deeper(() => super.render(ctx, emitter))
      }
    },
  )
  engine.registerTag(
    'layout',
    class extends LayoutTag {
      override render(ctx: Context, emitter: Emitter) {
        return deeper(() => super.render(ctx, emitter))
      }
    },
  )
}

/** `capture` that remembers that its text is escaped already. */
export class HtmlCapture extends CaptureTag {
  override *render(ctx: Context): Generator<unknown, void, string> {
    const html = yield this.liquid.renderer.renderTemplates(this.templates, ctx)
    ctx.bottom()[this.variable] = new Markup(html)
  }
}

/** `echo` that does not lose that its value is markup, as Liquid's own does. */
export class HtmlEcho extends Tag {
  readonly #value: Value | undefined

  constructor(token: TagToken, rest: TopLevelToken[], liquid: Liquid) {
    super(token, rest, liquid)
    this.tokenizer.skipBlank()
    this.#value = this.tokenizer.end()
      ? undefined
      : new Value(this.tokenizer.readFilteredValue(), liquid)
  }

  *render(ctx: Context, emitter: Emitter): Generator<unknown, void> {
    if (this.#value === undefined) return
    const value = yield this.#value.value(ctx, false)
    emitter.write(this.#value.filters.at(-1)?.raw ? toText(value) : toHtml(value))
  }

  *arguments(): Generator<Value> {
    if (this.#value !== undefined) yield this.#value
  }
}

type Draw = (parent: () => Generator<unknown, string>, emitter: Emitter) => unknown

class Parent extends Drop {
  readonly #draw: () => Generator<unknown, string>

  constructor(draw: () => Generator<unknown, string>) {
    super()
    this.#draw = draw
  }

  *super(): Generator<unknown, Markup, string> {
    return new Markup(yield this.#draw())
  }
}

/** `block` whose `{{ block.super }}` is markup: Liquid's own would be escaped a second time. */
export class HtmlBlock extends BlockTag {
  readonly #liquid: Liquid

  constructor(token: TagToken, rest: TopLevelToken[], liquid: Liquid, parser: Parser) {
    super(token, rest, liquid, parser)
    this.#liquid = liquid
  }

  override *render(ctx: Context, emitter: Emitter): Generator<unknown, void> {
    const draw = this.#drawing(ctx)
    if (ctx.getRegister('blockMode') === storing) {
      ctx.getRegister<Record<string, Draw>>('blocks', {})[this.block] = draw
    } else {
      yield draw(nothing, emitter)
    }
  }

  #drawing(ctx: Context): Draw {
    const { templates } = this
    const { renderer } = this.#liquid
    const child = ctx.getRegister<Record<string, Draw>>('blocks', {})[this.block]
    const inside = ctx.getRegister<unknown[]>('blockStack', [])
    const current = (parent: () => Generator<unknown, string>, emitter?: Emitter) => {
      return drawOnce(this, inside, function* () {
        ctx.push({ block: new Parent(parent) })
        const html = yield renderer.renderTemplates(templates, ctx, emitter)
        ctx.pop()
        return html as string
      })
    }
    if (child === undefined) return current
    return (parent, emitter) => child(() => current(parent), emitter)
  }
}

/** The block mode in which a page's blocks are kept for its layout (`BlockMode.STORE`). */
const storing = 1

function* nothing(): Generator<unknown, string> {
  yield undefined
  return ''
}

function* drawOnce(
  block: unknown,
  inside: unknown[],
  draw: () => Generator<unknown, string>,
): Generator<unknown, string> {
  if (inside.includes(block)) throw new Fault('a block cannot stand within itself')
  inside.push(block)
  const html = yield* draw()
  inside.pop()
  return html
}
