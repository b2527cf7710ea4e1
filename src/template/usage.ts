import { type Template, type Token, TypeGuards, toValueSync, Value } from 'liquidjs'

/** A variable as a template names it: `order.items[0].price`. */
export interface Use {
  readonly path: readonly (string | number)[]
  /** False where a part of the path is only known when rendered: `order[name]`. */
  readonly whole: boolean
  readonly token: Token
}

/** The variables in an argument of a tag or output: in its value and in its filters' arguments. */
export function usesOf(argument: unknown): Use[] {
  if (argument instanceof Value) {
    const args = argument.filters.flatMap((filter) =>
      filter.args.map((arg) => (Array.isArray(arg) ? arg[1] : arg)),
    )
    return [...argument.initial.postfix, ...args].flatMap(usesOf)
  }
  if (TypeGuards.isRangeToken(argument)) return [argument.lhs, argument.rhs].flatMap(usesOf)
  if (!TypeGuards.isPropertyAccessToken(argument)) return []
  const dynamic = argument.props.flatMap(usesOf)
  const use = argument.variable === undefined ? pathOf(argument.props, argument) : undefined
  return use === undefined ? dynamic : [use, ...dynamic]
}

function pathOf(props: readonly Token[], token: Token): Use | undefined {
  const path: (string | number)[] = []
  for (const prop of props) {
    if (!TypeGuards.isWordToken(prop) && !TypeGuards.isQuotedToken(prop)) {
      if (!TypeGuards.isNumberToken(prop))
        return path.length === 0 ? undefined : { path, whole: false, token }
    }
    path.push((prop as Token & { content: string | number }).content)
  }
  return { path, whole: true, token }
}

/** The one variable that a value is, without filters or operators. */
export function plainUse(argument: unknown): Use | undefined {
  if (argument instanceof Value) {
    const [only, ...rest] = argument.initial.postfix
    return argument.filters.length === 0 && rest.length === 0 ? plainUse(only) : undefined
  }
  const [use] = TypeGuards.isPropertyAccessToken(argument) ? usesOf(argument) : []
  return use?.whole && use.token === argument ? use : undefined
}

export function argumentsOf(template: Template): unknown[] {
  return template.arguments === undefined ? [] : [...template.arguments()]
}

/** The templates inside a tag; `partials` says whether those in other files are followed. */
export function childrenOf(template: Template, partials: 'followed' | 'left'): Template[] {
  if (template.children === undefined) return []
  return toValueSync(template.children(partials === 'followed', true)) as Template[]
}

/** Variables that a file tests (`if`, `unless`, `case`, `default`): it can do without them. */
export function testedIn(templates: readonly Template[], found = new Set<string>()): Set<string> {
  for (const template of templates) {
    const tests = ['if', 'unless', 'case'].includes((template as { name?: string }).name ?? '')
    for (const argument of argumentsOf(template)) {
      const fallsBack =
        argument instanceof Value && argument.filters.some(({ name }) => name === 'default')
      if (!tests && !fallsBack) continue
      for (const { path } of usesOf(argument)) found.add(path.join('.'))
    }
    testedIn(childrenOf(template, 'left'), found)
  }
  return found
}

/** Names that a file sets by `assign`, `capture` and the like, at any place in it. */
export function setIn(templates: readonly Template[], found = new Set<string>()): Set<string> {
  for (const template of templates) {
    for (const identifier of template.localScope?.() ?? []) {
      found.add((identifier as { content?: string }).content ?? String(identifier))
    }
    setIn(childrenOf(template, 'left'), found)
  }
  return found
}
