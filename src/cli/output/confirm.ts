import { createInterface } from 'node:readline/promises'
import { EnvoyerError } from '../../errors.ts'

/**
 * Says `what` will be done, and asks on a terminal whether to go on; `--yes` has answered. Where
 * nobody can be asked, it throws `usage`: nothing is done that nobody agreed to.
 */
export async function confirm(what: string, options: { readonly yes?: true }): Promise<boolean> {
  if (options.yes) return true
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new EnvoyerError('usage', `${what}. Without a terminal nobody can be asked: add --yes`)
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`${what}. Go on? [y/N] `)
    if (/^y(es)?$/i.test(answer.trim())) return true
    process.stderr.write('Nothing was done.\n')
    return false
  } finally {
    terminal.close()
  }
}
