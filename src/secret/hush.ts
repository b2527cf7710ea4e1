import type { Receipt, Refused } from '../channel/backend.ts'
import { EnvoyerError, type ErrorCode } from '../errors.ts'

/** Stands in place of words that could repeat what is sensitive. */
const notKept = 'What it said is not kept, since the event is sensitive.'

/** Errors of ours whose words hold no values. */
const wordsOfOurs: ReadonlySet<string> = new Set<ErrorCode>([
  'package-missing',
  'secret-key-invalid',
  'template-invalid',
])

/** What may be written down of a failed try of a sensitive event. Its code is. */
export function hushedText(error: Error): string {
  return error instanceof EnvoyerError && wordsOfOurs.has(error.code)
    ? error.problems.join('\n')
    : notKept
}

/**
 * What may be written down of a provider's answer to a sensitive event: its id, numbers, and whom it
 * refused. All else is its own words, which may repeat the message.
 */
export function hushedReceipt(receipt: Receipt): Receipt {
  const { id, refused } = receipt
  const numbers = Object.entries(receipt).filter(
    ([, value]) => typeof value === 'number' || typeof value === 'boolean',
  )
  return {
    ...Object.fromEntries(numbers),
    ...(id === undefined ? {} : { id }),
    ...(refused === undefined ? {} : { refused: refused.map(hushedRefusal) }),
  }
}

const hushedRefusal = ({ address, code }: Refused): Refused => ({ address, code, text: notKept })
