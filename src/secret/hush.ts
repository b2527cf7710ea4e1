import type { Receipt, Refused } from '../channel/receipt.ts'
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

/** Counts and states of the built-in backends. */
const harmless = new Set(['accepted', 'chargedSegments', 'segments', 'simulated', 'status'])

/**
 * What may be written down of a provider's answer to a sensitive event: its id, known counts, and
 * whom it refused. All else may repeat the message; a one-time code is a number, too.
 */
export function hushedReceipt(receipt: Receipt): Receipt {
  const { id, refused } = receipt
  const counts = Object.entries(receipt).filter(
    ([name, value]) => harmless.has(name) && ['number', 'boolean'].includes(typeof value),
  )
  return {
    ...Object.fromEntries(counts),
    ...(id === undefined ? {} : { id }),
    ...(refused === undefined ? {} : { refused: refused.map(hushedRefusal) }),
  }
}

const hushedRefusal = ({ address, code }: Refused): Refused => ({ address, code, text: notKept })
