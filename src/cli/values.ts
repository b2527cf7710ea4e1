import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { InvalidArgumentError } from 'commander'
import { codeOf, EnvoyerError, toError } from '../errors.ts'
import { readInstant } from '../option/timing.ts'
import { canonicalLocale } from '../template/index.ts'

const unitMs: Readonly<Record<string, number>> = {
  ...{ ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 },
}

const duration = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d|w)$/

/** `30s`, `15m`, `2h`, `3d`, `1w` in milliseconds. */
export function readDuration(given: string): number {
  const [, count, unit] = duration.exec(given.trim()) ?? []
  if (count === undefined) {
    throw new InvalidArgumentError('It must be a number with a unit: 30s, 15m, 2h, 3d, 1w.')
  }
  return Number(count) * unitMs[unit!]!
}

function instantBeside(given: string, direction: 1 | -1): Date {
  const isDuration = duration.test(given.trim())
  const instant = readInstant(
    isDuration ? new Date(Date.now() + direction * readDuration(given)) : given,
  )
  if (instant !== undefined) return instant
  const example = direction > 0 ? 'from now: 30m, 2h, 3d' : 'ago: 30m, 2h, 3d'
  throw new InvalidArgumentError(
    `It must be an instant with its offset (2026-03-28T08:00:00Z), or how long ${example}; from 1970 to 8999.`,
  )
}

/** An instant, or how long ago. */
export const readPast = (given: string): Date => instantBeside(given, -1)

/** An instant, or how long from now. */
export const readFuture = (given: string): Date => instantBeside(given, 1)

/** A whole number of 1 or more. */
export function readCount(given: string): number {
  if (!/^[1-9]\d{0,8}$/.test(given)) {
    throw new InvalidArgumentError('It must be a whole number greater than 0.')
  }
  return Number(given)
}

/** `a,b`; may be given several times. */
export function readList(given: string, before: readonly string[] = []): string[] {
  return [...before, ...given.split(',').map((each) => each.trim())].filter((each) => each !== '')
}

/** A language tag, in its usual spelling. */
export function readLocale(given: string): string {
  const tag = canonicalLocale(given)
  if (tag === undefined) throw new InvalidArgumentError('It must be a language tag: de, pt-BR.')
  return tag
}

/** A text as it stands, of a file (`@name`), or of standard input (`-`). */
export async function readText(name: string, given: string): Promise<string> {
  if (given === '-') return text(process.stdin)
  if (!given.startsWith('@')) return given
  try {
    return await readFile(given.slice(1), 'utf8')
  } catch (thrown) {
    throw new EnvoyerError(
      'usage',
      `${name}: ${given.slice(1)} cannot be read (${codeOf(thrown, 'error')})`,
    )
  }
}

/** The same, as JSON. */
export async function readJson(name: string, given: string): Promise<unknown> {
  const read = await readText(name, given)
  try {
    return JSON.parse(read)
  } catch (thrown) {
    throw new EnvoyerError('usage', `${name} is not JSON: ${toError(thrown).message}`)
  }
}

/** Only what was given: all else is as the envoyer has it. */
export function given<T extends object>(options: T): { [Key in keyof T]?: NonNullable<T[Key]> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as ReturnType<typeof given<T>>
}

const shapes = [
  ['url', /^https?:\/\//i],
  ['email', /^[^\s@]+@[^\s@]+$/],
  ['phone', /^\+[\d\s().-]+$/],
] as const

/** One recipient, or several: JSON (as it stands, `@file`, `-`), or an address known by its looks. */
export async function readRecipients(given: string): Promise<object[]> {
  if (/^[[{@-]/.test(given.trimStart())) {
    const read = await readJson('--to', given)
    const all = Array.isArray(read) ? read : [read]
    if (all.every((each) => each !== null && typeof each === 'object')) return all
    throw new EnvoyerError('usage', '--to must be a JSON object, or an array of them')
  }
  const [key] = shapes.find(([, shape]) => shape.test(given)) ?? []
  if (key !== undefined) return [{ [key]: given }]
  throw new EnvoyerError(
    'usage',
    `--to ${JSON.stringify(given)} is no mail address, phone number (+49…) or URL: say what it is as JSON, as in --to '{"topic":"orders"}'`,
  )
}
