import { type FilterImplOptions, filters } from 'liquidjs'
import { escapeHtml, Markup, toHtml, toText } from './print.ts'

export type FilterHandler = Extract<FilterImplOptions, (...args: never) => unknown>
type This = ThisParameterType<FilterHandler>

/** Filters that only take characters away, so that markup stays markup. */
const trimming = [
  'strip',
  'lstrip',
  'rstrip',
  'strip_newlines',
  'squish',
  'normalize_whitespace',
] as const

function own(name: string): FilterHandler {
  return filters[name as keyof typeof filters] as FilterHandler
}

/**
 * Liquid's filters as they must be where output is escaped: a filter that escapes gives markup, so
 * that nothing is escaped twice, and those that join texts escape what is not markup yet.
 */
export const htmlFilters: Readonly<Record<string, FilterHandler>> = {
  ...Object.fromEntries(trimming.map((name) => [name, keeping(own(name))])),
  escape: escaped,
  escape_once(value: unknown) {
    return value instanceof Markup ? value : new Markup(own('escape_once').call(this, value))
  },
  xml_escape: escaped,
  newline_to_br(value: unknown) {
    return new Markup(own('newline_to_br').call(this, toHtml(value)))
  },
  append(value: unknown, tail: unknown) {
    return joined(this, 'append', value, tail)
  },
  prepend(value: unknown, head: unknown) {
    return joined(this, 'prepend', value, head)
  },
  split(value: unknown, separator: unknown) {
    const pieces = own('split').call(this, value, separator) as string[]
    return value instanceof Markup ? pieces.map((piece) => new Markup(piece)) : pieces
  },
  join(value: unknown, separator: unknown) {
    const marked = Array.isArray(value) && value.some((item) => item instanceof Markup)
    const list = marked ? value.map(toHtml) : value
    const glue = marked && separator !== undefined ? toHtml(separator) : separator
    const text = own('join').call(this, list, glue) as string
    return marked ? new Markup(text) : text
  },
  default(value: unknown, fallback: unknown, ...options: unknown[]) {
    if (value instanceof Markup && value.valueOf() !== '') return value
    return own('default').call(this, value, fallback, ...options)
  },
  json: jsonInHtml,
  jsonify: jsonInHtml,
  inspect: jsonInHtml,
}

function keeping(filter: FilterHandler): FilterHandler {
  return function (value: unknown, ...args: unknown[]) {
    const text: unknown = filter.call(this, value, ...args)
    return value instanceof Markup ? new Markup(toText(text)) : text
  }
}

function escaped(this: This, value: unknown): Markup {
  if (value instanceof Markup) return value
  const text = toText(value)
  this.context.memoryLimit.use(text.length)
  return new Markup(escapeHtml(text))
}

function joined(self: This, name: 'append' | 'prepend', value: unknown, other: unknown): unknown {
  if (!(value instanceof Markup) && !(other instanceof Markup)) {
    return own(name).call(self, value, other)
  }
  return new Markup(own(name).call(self, toHtml(value), toHtml(other)))
}

/**
 * In a script element entities are not read, so JSON stands there as it is, with `<`, `>` and `&`
 * written as JSON's own escapes (or a value could close the element). Everywhere else it is text
 * or the value of an attribute, and is escaped as any other output.
 */
function jsonInHtml(this: This, value: unknown, space?: unknown): unknown {
  const text = own(this.token.name).call(this, value, space) as string | undefined
  if (text === undefined || !inScript(this.token.input, this.token.begin)) return text
  return new Markup(
    text.replace(/[<>&\u2028\u2029]/g, (sign) => {
      return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`
    }),
  )
}

function inScript(template: string, at: number): boolean {
  const before = template.slice(0, at).toLowerCase()
  return before.lastIndexOf('<script') > before.lastIndexOf('</script')
}
