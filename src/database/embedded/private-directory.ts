import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Makes the directory of the embedded database, with its parents, for its owner's eyes only. One
 * that exists keeps its mode: it may hold other things. What is ours in it is private in any case.
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  if (await stat(path).catch(() => undefined)) return
  await mkdir(path, { recursive: true, mode: 0o700 })
  // What is in here is never for version control.
  await writeFile(join(path, '.gitignore'), '*\n', { flag: 'wx', mode: 0o600 }).catch(() => {})
}
