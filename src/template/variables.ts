import {
  ForTag,
  type Hash,
  IncludeTag,
  LayoutTag,
  RenderTag,
  TablerowTag,
  type Template,
  type Token,
} from 'liquidjs'
import { anyShape, type Shape } from './shape.ts'
import { argumentsOf, childrenOf, plainUse, setIn, testedIn, type Use, usesOf } from './usage.ts'

export interface Finding {
  readonly kind: 'unknown-variable' | 'unresolved'
  readonly file: string
  readonly line: number
  readonly message: string
  /** What was thrown where a partial or layout could not be had. */
  readonly cause?: unknown
}

type Names = ReadonlyMap<string, Shape>

/** What a place in a template can see. */
interface View {
  readonly file: string
  /** True in partials and layouts, which serve many templates and may do without a variable. */
  readonly shared: boolean
  /** True within `render`, which hides the context. */
  readonly isolated: boolean
  readonly names: Names
  readonly tested: ReadonlySet<string>
  readonly inside: readonly string[]
}

export interface Entry {
  readonly file: string
  /** What the event's context holds. */
  readonly context: Shape
  /** What every template can use besides. */
  readonly provided: Names
}

/**
 * Looks for variables that nothing provides, following partials and layouts as they would be
 * rendered. It errs towards silence: a name that is set anywhere in the file is taken as set.
 */
export function findUnknown(templates: readonly Template[], entry: Entry): Finding[] {
  const walk = new Walk(entry)
  const { file } = entry
  walk.visit(templates, {
    file,
    shared: false,
    isolated: false,
    names: withAny(new Map(), allSet(templates, new Set([file]))),
    tested: new Set(),
    inside: [file],
  })
  return walk.findings
}

class Walk {
  readonly findings: Finding[] = []
  readonly #entry: Entry

  constructor(entry: Entry) {
    this.#entry = entry
  }

  visit(list: readonly Template[], view: View): void {
    for (const template of list) {
      for (const use of argumentsOf(template).flatMap(usesOf)) this.#use(use, view)
      if (template instanceof RenderTag || template instanceof IncludeTag) {
        this.#partial(template, view)
      } else if (template instanceof LayoutTag) {
        this.#layout(template, view)
      } else {
        const names = this.#inner(template, view)
        this.visit(childrenOf(template, 'left'), { ...view, names })
      }
    }
  }

  #root(name: string, view: View): Shape | undefined {
    const known = view.names.get(name) ?? this.#entry.provided.get(name)
    if (known !== undefined) return known
    const inContext = this.#entry.context.property(name)
    if (!view.isolated) return inContext
    // A parameter not passed is mostly optional; but a name of the context was meant to be seen.
    return inContext === undefined || inContext === anyShape ? anyShape : undefined
  }

  #shapeOf(use: Use | undefined, view: View): Shape {
    if (use === undefined) return anyShape
    let shape = this.#root(String(use.path[0]), view)
    for (const key of use.path.slice(1)) shape = shape?.property(key)
    return shape ?? anyShape
  }

  #use(use: Use, view: View): void {
    // `offset: continue` in a loop is a word of Liquid's.
    if (use.path[0] === 'continue') return
    let shape = this.#root(String(use.path[0]), view)
    let owner = this.#entry.context
    let length = 1
    while (shape !== undefined && length < use.path.length) {
      owner = shape
      shape = shape.property(use.path[length]!)
      length += 1
    }
    const path = use.path.slice(0, length)
    if (shape !== undefined || (view.shared && view.tested.has(path.join('.')))) return
    const [line] = use.token.getPosition()
    const message = describe(path, owner, view)
    this.findings.push({ kind: 'unknown-variable', file: view.file, line: line!, message })
  }

  /** The names of a loop or block, added to those around it. */
  #inner(template: Template, view: View): Names {
    const scope = [...(template.blockScope?.() ?? [])]
    if (scope.length === 0) return view.names
    const names = withAny(view.names, scope)
    if (template instanceof ForTag || template instanceof TablerowTag) {
      names.set(template.variable, this.#shapeOf(plainUse(template.collection), view).item())
    }
    return names
  }

  #partial(template: RenderTag | IncludeTag, view: View): void {
    const scope = template.partialScope()
    if (scope === undefined) return
    const passed = [...scope.scope].map((item) => (typeof item === 'string' ? item : item[0]))
    const names = withAny(scope.isolated ? new Map() : view.names, ['forloop', ...passed])
    for (const [name, token] of Object.entries(hashOf(template))) {
      names.set(name, this.#shapeOf(plainUse(token), view))
    }
    this.#follow(template, { ...view, names, isolated: view.isolated || scope.isolated }, 0)
  }

  #layout(template: LayoutTag, view: View): void {
    this.visit(template.templates, view)
    const names = withAny(view.names, Object.keys(template.args.hash))
    // Its children are the page's own templates and then the layout's.
    this.#follow(template, { ...view, names }, template.templates.length)
  }

  /** Goes on in the file that a tag names, with what that file sets itself. */
  #follow(template: Template, view: View, skip: number): void {
    let list: Template[]
    try {
      list = childrenOf(template, 'followed').slice(skip)
    } catch (cause) {
      const [line] = template.token.getPosition()
      this.findings.push({ kind: 'unresolved', file: view.file, line: line!, message: '', cause })
      return
    }
    const file = list[0]?.token.file
    if (file === undefined || view.inside.includes(file)) return
    const names = withAny(view.names, allSet(list, new Set([...view.inside, file])))
    const inside = [...view.inside, file]
    this.visit(list, { ...view, file, shared: true, names, tested: testedIn(list), inside })
  }
}

function withAny(names: Names, more: Iterable<string>): Map<string, Shape> {
  const all = new Map(names)
  for (const name of more) all.set(name, anyShape)
  return all
}

/** Names set in a file and in what it includes, which share one scope. */
function allSet(templates: readonly Template[], seen: Set<string>): Set<string> {
  const found = setIn(templates)
  const follow = (list: readonly Template[]) => {
    for (const template of list) {
      if (template instanceof RenderTag) continue
      if (template instanceof IncludeTag || template instanceof LayoutTag) {
        for (const name of setElsewhere(template, seen)) found.add(name)
      }
      follow(childrenOf(template, 'left'))
    }
  }
  follow(templates)
  return found
}

function setElsewhere(template: Template, seen: Set<string>): Set<string> {
  try {
    const list = childrenOf(template, 'followed')
    const file = list.at(-1)?.token.file
    if (file === undefined || seen.has(file)) return new Set()
    seen.add(file)
    return allSet(list, seen)
  } catch {
    // Reported where the tag is visited.
    return new Set()
  }
}

function hashOf(template: Template): Record<string, Token | undefined> {
  return (template as unknown as { hash: Hash }).hash.hash
}

function dotted(path: readonly (string | number)[]): string {
  return path
    .map((key, at) => (typeof key === 'number' ? `[${key}]` : at === 0 ? key : `.${key}`))
    .join('')
}

function describe(path: Use['path'], owner: Shape, view: View): string {
  const name = dotted(path)
  if (view.isolated && path.length === 1) {
    return `\`${name}\` is not passed to this partial, and \`render\` hides the context`
  }
  const keys = owner.keys()
  const shown = `${keys.slice(0, 12).join(', ')}${keys.length > 12 ? ', …' : ''}`
  const of = path.length === 1 ? 'the context' : `\`${dotted(path.slice(0, -1))}\``
  return `there is no \`${name}\` (${of} has ${keys.length === 0 ? 'no properties' : shown})`
}
