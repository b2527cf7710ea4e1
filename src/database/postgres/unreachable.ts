import { inspect } from 'node:util'
import { EnvoyerError } from '../../errors.ts'

/** The error of a server that cannot be reached: where it was looked for, and never the password. */
export function unreachable(error: Error, url: string): EnvoyerError {
  const parsed = parse(url)
  // The error of an unreadable URL quotes the URL, password included.
  if (!parsed) return new EnvoyerError('database-unreachable', 'The URL cannot be read as one.')
  const secrets = [parsed.password, decode(parsed.password)].filter((secret) => secret !== '')
  const leaks = (text: string) => secrets.some((secret) => text.includes(secret))
  const said = reasons(error).join('; ')
  const user = parsed.username === '' ? '' : `${parsed.username}@`
  const where = `${parsed.protocol}//${user}${parsed.host}${parsed.pathname}`
  const problem = leaks(said) ? `${where}: (hidden, it quotes the password)` : `${where}: ${said}`
  const options = leaks(inspect(error, { depth: 6 })) ? undefined : { cause: error }
  return new EnvoyerError('database-unreachable', problem, options)
}

/** A host with several addresses gives an AggregateError, whose own message is empty. */
function reasons(error: Error): string[] {
  const inner: unknown = (error as { errors?: unknown }).errors
  if (!Array.isArray(inner)) return [error.message]
  return [...new Set(inner.map((one) => (one instanceof Error ? one.message : String(one))))]
}

function parse(url: string): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
