/** One of many processes that want the same lock; told by its parent when to begin each round. */
import { open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { acquireLock } from '../../src/database/embedded/lock.ts'
import { EnvoyerError } from '../../src/errors.ts'

const holdMs = 5

process.on('message', async (directory: string) => {
  try {
    process.send?.(await contend(directory))
  } catch (error) {
    process.send?.(`failed: ${error}`)
  }
})
process.on('disconnect', () => process.exit())
process.send?.('ready')

async function contend(directory: string): Promise<'owned' | 'refused' | 'two owners'> {
  // Half of them stay to see it change hands.
  const patienceMs = Math.random() < 0.5 ? 0 : 4 * holdMs
  const lock = await acquireLock(directory, () => {}, patienceMs).catch((error: unknown) => {
    if (error instanceof EnvoyerError && error.code === 'database-locked') return undefined
    throw error
  })
  if (!lock) return 'refused'
  // The evidence: whoever finds it there is not the only owner.
  const evidence = join(directory, 'evidence')
  try {
    await (await open(evidence, 'wx')).close()
  } catch {
    return 'two owners'
  }
  await new Promise((resolve) => setTimeout(resolve, Math.random() * holdMs))
  await unlink(evidence)
  await lock.release()
  return 'owned'
}
