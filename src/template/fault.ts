import { LiquidError } from 'liquidjs'
import { EnvoyerError } from '../errors.ts'
import type { TemplateLimits } from './limits.ts'

/** A mistake in a template, told in words that hold no value of a variable. */
export class Fault extends Error {
  override readonly name = 'Fault'
}

export const noHelper = 'there is no partial or layout of this name'

export interface Located {
  readonly file: string
  readonly line: number | undefined
  readonly message: string
}

/** Where an error thrown by parsing or rendering comes from, and what it is. */
export function locate(thrown: unknown, entry: string, limits: TemplateLimits): Located {
  const token = LiquidError.is(thrown) ? thrown.token : undefined
  // Without a file the token is of a text made at run time (a filter's argument), not of a template.
  const placed = token?.file === undefined ? undefined : token
  const message = explain(thrown, placed !== undefined, limits)
  const snippet = placed === undefined || parsing(thrown) ? '' : oneLine(placed.getText())
  return {
    file: placed?.file ?? entry,
    line: placed?.getPosition()[0],
    message: snippet === '' ? message : `${message}: ${snippet}`,
  }
}

export function invalid(
  thrown: unknown,
  entry: string,
  limits: TemplateLimits,
  nameOf: (file: string) => string,
): EnvoyerError {
  if (thrown instanceof EnvoyerError) return thrown
  const problem = place(locate(thrown, entry, limits), nameOf)
  return new EnvoyerError('template-invalid', problem, { cause: thrown })
}

/** A problem in one line: `order-shipped/email.html.liquid:12: what is wrong`. */
export function place({ file, line, message }: Located, nameOf: (file: string) => string): string {
  return `${nameOf(file)}${line === undefined ? '' : `:${line}`}: ${message}.`
}

function parsing(thrown: unknown): boolean {
  return thrown instanceof Error && /^(Tokenization|Parse)Error$/.test(thrown.name)
}

function explain(thrown: unknown, placed: boolean, limits: TemplateLimits): string {
  const inner = LiquidError.is(thrown) ? (thrown.originalError ?? thrown) : thrown
  if (!(inner instanceof Error)) return 'something that is not an error was thrown'
  if (inner instanceof Fault) return inner.message
  if (inner.message.startsWith('illegal file path')) return noHelper
  const limit = overLimit(inner.message, limits)
  if (limit !== undefined) return limit
  const text = inner.message.replace(/, (?:file:[^\n]*, )?line:\d+, col:\d+$/, '')
  if (parsing(thrown)) return placed ? text : 'the argument of a filter cannot be read'
  // What is thrown while rendering may quote a value; its class may not.
  return inner.name === 'AssertionError' ? 'it was used wrongly' : `it failed with a ${inner.name}`
}

function overLimit(message: string, limits: TemplateLimits): string | undefined {
  if (message.startsWith('memory alloc limit')) {
    return `it builds more than ${limits.memoryChars} characters and list items`
  }
  if (message.startsWith('template render limit')) return `it takes more than ${limits.renderMs} ms`
  if (message.startsWith('parse length limit')) {
    return `it is longer than ${limits.sourceChars} characters`
  }
  // The interpreter's own limit: deep nesting of tags, or filters on deep values.
  if (message.startsWith('Maximum call stack')) return 'it is nested too deeply'
  return undefined
}

function oneLine(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim()
  return flat.length > 80 ? `${flat.slice(0, 79)}…` : flat
}
