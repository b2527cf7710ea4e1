import { readUrl } from '../../src/guard/url.ts'
import { parseSender } from './sender.ts'

/** `channelOptions.sms` of an event or of one call. */
export interface SmsOptions {
  /** Instead of the backend's sender: a number, a short code or a name. */
  readonly from?: string
  /** Instead of the backend's: where the provider reports what became of the message. */
  readonly statusCallback?: string
  /**
   * How long the provider may keep the message back before it drops it: 1,000 to 36,000,000, in
   * whole seconds. Default: the provider's (Twilio: ten hours).
   */
  readonly validityMs?: number
}

const maxValidityMs = 36_000_000

const readers: { readonly [K in keyof Required<SmsOptions>]: (value: unknown) => unknown } = {
  from: parseSender,
  statusCallback: parseCallback,
  validityMs: parseValidity,
}

/** Checks and normalises; reports every problem in one Error. */
export function parseSmsOptions(options: unknown): SmsOptions {
  if (options === undefined) return {}
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new Error('the options of an SMS must be an object')
  }
  const problems: string[] = []
  const parsed: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (!Object.hasOwn(readers, key)) {
      const known = Object.keys(readers).join(', ')
      problems.push(`\`${key}\` is not an option of an SMS; there are ${known}`)
      continue
    }
    try {
      parsed[key] = readers[key as keyof SmsOptions](value)
    } catch (error) {
      problems.push(`\`${key}\`: ${(error as Error).message}`)
    }
  }
  if (problems.length > 0) throw new Error(problems.join('; '))
  return parsed
}

/** A URL that a provider on the internet can post to. */
export function parseCallback(value: unknown): string {
  if (typeof value !== 'string') throw new Error('must be a URL')
  const url = readUrl(value)
  // Twilio refuses it (21609), and a callback that never comes is found out late.
  if (url.hostname.includes('_')) throw new Error('has an underscore in its host')
  return url.href
}

function parseValidity(value: unknown): number {
  const seconds = typeof value === 'number' ? value / 1000 : Number.NaN
  if (Number.isInteger(seconds) && seconds >= 1 && seconds * 1000 <= maxValidityMs) {
    return seconds * 1000
  }
  throw new Error(`must be whole seconds in milliseconds, from 1000 to ${maxValidityMs}`)
}
