import { createInterface } from 'node:readline/promises'
import { EnvoyerError } from '../../errors.ts'

/**
 * Asks on a terminal whether to go on; `--yes` has answered. Where nobody can be asked, it throws
 * `usage`: nothing is done that nobody agreed to.
 */
export async function confirm(
  question: string,
  options: { readonly yes?: true },
): Promise<boolean> {
  if (options.yes) return true
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new EnvoyerError('usage', `${question} There is no terminal to ask on: add --yes`)
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`${question} [y/N] `)
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}
