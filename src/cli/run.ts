import { CommanderError } from 'commander'
import { codeOf, toError } from '../errors.ts'
import { describeFailure } from './output/failure.ts'
import { createProgram, WrongUsage } from './program.ts'

/** Codes that say that the command itself was wrong, and not what it was about. */
const usageCodes = [
  'usage',
  'config-missing',
  'option-invalid',
  'event-unknown',
  'channel-unknown',
  'template-unknown',
]

/**
 * Runs one command line without the name of the program. Gives the exit code: 0 done, 1 failed or
 * over a limit, 2 wrong usage.
 */
export async function run(args: readonly string[]): Promise<number> {
  const program = createProgram()
  try {
    await program.parseAsync([...args], { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (thrown) {
    // Help and version were asked for, and are written.
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0
    if (thrown instanceof WrongUsage) {
      if (thrown.message !== '') console.error(thrown.message)
      return 2
    }
    const error = toError(thrown)
    console.error(describeFailure(error, program.opts<{ verbose?: true }>().verbose === true))
    return usageCodes.includes(codeOf(error, '')) ? 2 : 1
  }
}
