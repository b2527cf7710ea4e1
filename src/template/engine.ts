import {
  Context,
  type Emitter,
  type FS,
  Liquid,
  LiquidError,
  type LiquidOptions,
  RenderError,
  type Template,
  TokenKind,
  toValueSync,
} from 'liquidjs'
import type { PartFormat } from '../channel/part.ts'
import { toError } from '../errors.ts'
import { Fault, noHelper } from './fault.ts'
import { type CustomFilter, customFilter, localFilters } from './filters.ts'
import { htmlFilters } from './html-filters.ts'
import type { TemplateLimits } from './limits.ts'
import { shortenOutputs } from './plain-output.ts'
import { toHtml, toText } from './print.ts'
import type { Source } from './source.ts'
import { HtmlBlock, HtmlCapture, HtmlEcho, limitDepth } from './tags.ts'

export interface EngineOptions {
  readonly format: PartFormat
  readonly limits: TemplateLimits
  readonly filters: Readonly<Record<string, CustomFilter>>
  /** The partial or layout that a template means by a name. */
  readonly find: (name: string, from: string) => Source | undefined
}

/** Characters written by one rendering, in captures and layouts too. */
interface Written {
  chars: number
}

/** Where output goes. Literal text is not counted by liquidjs' own limits, so it is here. */
class BoundedEmitter implements Emitter {
  buffer = ''
  readonly #limits: TemplateLimits
  readonly #written: Written

  constructor(limits: TemplateLimits, written: Written) {
    this.#limits = limits
    this.#written = written
  }

  write(value: unknown): void {
    const text = typeof value === 'string' ? value : toText(value)
    this.buffer += text
    this.#written.chars += text.length
    if (this.buffer.length > this.#limits.outputBytes) throw tooLong(this.#limits)
    if (this.#written.chars > this.#limits.memoryChars) throw tooMuch(this.#limits)
  }
}

/** Liquid for parts of one format. Nothing it does touches the disk. */
export class Engine extends Liquid {
  readonly #options: EngineOptions
  readonly #compiled = new WeakMap<Source, Template[]>()
  // Rendering is synchronous, so one counter serves all renderings in turn.
  readonly #written: Written = { chars: 0 }

  constructor(options: EngineOptions) {
    super(liquidOptions(options))
    this.#options = options
    limitDepth(this, options.limits.depth)
    if (options.format === 'html') {
      this.registerTag('capture', HtmlCapture)
      this.registerTag('echo', HtmlEcho)
      this.registerTag('block', HtmlBlock)
      for (const [name, filter] of Object.entries(htmlFilters)) this.registerFilter(name, filter)
    }
    for (const [name, filter] of Object.entries(localFilters)) this.registerFilter(name, filter)
    for (const [name, filter] of Object.entries(options.filters)) {
      this.registerFilter(name, customFilter(name, filter))
    }
    this.renderer.renderTemplates = (templates, ctx, emitter) =>
      finished(
        renderAll(templates, ctx, emitter ?? new BoundedEmitter(options.limits, this.#written)),
      )
  }

  /** The parsed template; parsed on first use. */
  compile(source: Source): Template[] {
    const known = this.#compiled.get(source)
    if (known !== undefined) return known
    const templates = this.parse(source.body, source.file)
    const html = this.#options.format === 'html'
    shortenOutputs(templates, html ? toHtml : toText, html ? toHtml : undefined)
    this.#compiled.set(source, templates)
    return templates
  }

  renderSource(source: Source, scope: object, globals: object): string {
    this.#written.chars = 0
    const context = new Context(scope, this.options, { sync: true, globals }, { liquid: this })
    const text = this.renderSync(this.compile(source), context) as string
    const { outputBytes } = this.#options.limits
    // UTF-8 takes three bytes for a unit of a string at most, so short texts need no counting.
    if (text.length * 3 > outputBytes && Buffer.byteLength(text) > outputBytes) {
      throw tooLong(this.#options.limits)
    }
    return text
  }

  override _parsePartialFile(name: unknown, _sync?: boolean, from?: string) {
    return ready(this.#helper(name, from))
  }

  override _parseLayoutFile(name: unknown, _sync?: boolean, from?: string) {
    return ready(this.#helper(name, from))
  }

  #helper(name: unknown, from: string | undefined): Template[] {
    const source = typeof name === 'string' ? this.#options.find(name, from ?? '') : undefined
    if (source === undefined) throw new Fault(noHelper)
    return this.compile(source)
  }
}

/**
 * liquidjs' own loop, but that it is no generator, since nothing here waits, and that it takes literal
 * text as it is: half of what templates consist of, and a generator for each costs more than the text.
 */
function renderAll(templates: readonly Template[], ctx: Context, emitter: Emitter): string {
  ctx.renderLimit.check(performance.now())
  for (const template of templates) {
    try {
      if (template.token.kind === TokenKind.HTML) {
        emitter.write((template as Template & { readonly str: string }).str)
        continue
      }
      ctx.renderLimit.check(performance.now())
      const rendering: unknown = template.render(ctx, emitter)
      // Nothing to wait for is not worth the way through the loop that runs generators.
      const text: unknown = typeof rendering === 'object' ? toValueSync(rendering) : rendering
      if (text) emitter.write(text)
      if (ctx.breakCalled || ctx.continueCalled) break
    } catch (error) {
      throw LiquidError.is(error) ? error : new RenderError(toError(error), template)
    }
  }
  return emitter.buffer
}

/** What is awaited by `yield` may be there already. */
function finished(text: string): Generator<unknown, string, string> {
  return text as unknown as Generator<unknown, string, string>
}

// biome-ignore lint/correctness/useYield: liquidjs declares these as generators.
function* ready<T>(value: T): Generator<unknown, T, T | string> {
  return value
}

function tooLong({ outputBytes }: TemplateLimits): Fault {
  return new Fault(`the output is larger than ${outputBytes} bytes`)
}

function tooMuch({ memoryChars }: TemplateLimits): Fault {
  return new Fault(`it builds more than ${memoryChars} characters`)
}

const noFiles: FS = {
  exists: async () => false,
  existsSync: () => false,
  readFile: async () => closed(),
  readFileSync: () => closed(),
  resolve: (_root, file) => file,
}

function closed(): never {
  throw new Fault('templates cannot read files')
}

function liquidOptions({ format, limits }: EngineOptions): LiquidOptions {
  return {
    fs: noFiles,
    relativeReference: false,
    ownPropertyOnly: true,
    strictFilters: true,
    // A key that is optional may be absent; `check()` finds the names that are wrong.
    strictVariables: false,
    // Text needs no filter on its outputs: the emitter makes text of every value.
    ...(format === 'html' ? { outputEscape: toHtml } : {}),
    parseLimit: limits.sourceChars,
    memoryLimit: limits.memoryChars,
    renderLimit: limits.renderMs,
  }
}
