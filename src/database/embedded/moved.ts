import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EnvoyerError } from '../../errors.ts'

const fileOf = (directory: string) => join(directory, 'moved.json')

/** Notes that what an embedded database held lives elsewhere now; `undefined`: that it does not. */
export async function noteMoved(directory: string, to: string | undefined): Promise<void> {
  if (to === undefined) return rm(fileOf(directory), { force: true })
  const note = { to, at: new Date().toISOString() }
  await writeFile(fileOf(directory), `${JSON.stringify(note)}\n`, { mode: 0o600, flush: true })
}

/** Throws `database-moved` where it does: what waited there would go out from both. */
export async function refuseMoved(directory: string): Promise<void> {
  const text = await readFile(fileOf(directory), 'utf8').catch(() => undefined)
  if (text === undefined) return
  let place = ''
  try {
    const { to, at } = JSON.parse(text) as { to: string; at: string }
    place = ` to ${to} at ${at}`
  } catch {
    // Whatever is in it: that it is there is what counts.
  }
  throw new EnvoyerError('database-moved', `${directory}${place}; noted in ${fileOf(directory)}`)
}
