import { Drop, toValue } from 'liquidjs'

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (sign) => escapes[sign]!) : text
}

/** What `{{ value }}` prints: text as it is, nothing for nil, dates and objects as in JSON. */
export function toText(printed: unknown): string {
  if (typeof printed === 'string') return printed
  const value: unknown = printed instanceof Drop ? toValue(printed) : printed
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(toText).join('')
  if (typeof value !== 'object') return String(value)
  if (value instanceof Date && Number.isNaN(value.getTime())) return ''
  return value instanceof Date ? value.toISOString() : JSON.stringify(value)
}

/**
 * HTML that is escaped already, or was written by the template's author: what `capture` kept, what
 * `escape` made. Printing it in an HTML part does not escape it again.
 */
export class Markup extends Drop {
  readonly #html: string

  constructor(html: string) {
    super()
    this.#html = html
  }

  override valueOf(): string {
    return this.#html
  }

  override toString(): string {
    return this.#html
  }

  /** `captured.size`, the only property that a text has in Liquid. */
  override liquidMethodMissing(key: string | number): unknown {
    return key === 'size' ? this.#html.length : undefined
  }

  // `blank` and `empty` compare themselves, and look for a plain string.
  equals(other: unknown): boolean | Generator<unknown, boolean> {
    const comparing = other as { equals?: (value: unknown) => boolean }
    if (other instanceof Drop && !(other instanceof Markup) && comparing.equals !== undefined) {
      return comparing.equals(this.#html)
    }
    return this.#html === toValue(other)
  }

  gt(other: unknown): boolean {
    return this.#html > toValue(other)
  }

  geq(other: unknown): boolean {
    return this.#html >= toValue(other)
  }

  lt(other: unknown): boolean {
    return this.#html < toValue(other)
  }

  leq(other: unknown): boolean {
    return this.#html <= toValue(other)
  }
}

/** A value as HTML: escaped unless it is markup. */
export function toHtml(value: unknown): string {
  return value instanceof Markup ? value.valueOf() : escapeHtml(toText(value))
}
