import { toError } from '../src/errors.ts'
import { Interrupted, listenForInterrupt } from './interrupt.ts'
import { paint } from './terminal.ts'

/** Runs a story to its end and sets the exit code: 0 only where it says that all is well. */
export async function run(story: () => Promise<boolean>): Promise<void> {
  console.log(`${paint('bold', 'Harbour Tea')}: a small shop that tells its customers by Envoyer`)
  const ignoreInterrupt = listenForInterrupt()
  try {
    process.exitCode = (await story()) ? 0 : 1
  } catch (thrown) {
    if (thrown instanceof Interrupted) {
      console.log('\nStopped. What was not delivered waits in the database for the next run.')
      process.exitCode = 130
    } else {
      console.error(`\n${paint('red', 'The demo cannot go on:')} ${toError(thrown).message}`)
      process.exitCode = 1
    }
  } finally {
    ignoreInterrupt()
  }
}
