import { link, open, readdir, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProcessIdentity } from './process-identity.ts'

/** Who owns the directory, and since when. */
export interface Owner extends ProcessIdentity {
  readonly token: string
  readonly since: string
  /** Where it listens for other processes; not where it lets nobody in. */
  readonly socket?: string
}

/** What a lock file says. `unreadable` is one that was being written when its machine stopped. */
export type Content =
  | { readonly state: 'owned'; readonly owner: Owner }
  | { readonly state: 'released' | 'unreadable' }

const lockName = /^owner\.(\d{1,15})$/
const temporaryName = /^owner\.new-/
const temporaryMs = 60_000

export function lockFile(directory: string, number: number): string {
  return join(directory, `owner.${number}`)
}

/** The numbers of the lock files, highest first. */
export async function lockNumbers(directory: string): Promise<number[]> {
  const names = await readdir(directory)
  const numbers = names.flatMap((name) => lockName.exec(name)?.[1] ?? [])
  return numbers.map(Number).sort((a, b) => b - a)
}

/** Creates a lock file complete and alone, or gives false where there is one of this number. */
export async function createLockFile(
  directory: string,
  number: number,
  owner: Owner,
): Promise<boolean> {
  const file = lockFile(directory, number)
  const temporary = join(directory, `owner.new-${owner.token}`)
  await writeFile(temporary, encode({ state: 'owned', owner }), { mode: 0o600 })
  try {
    await link(temporary, file)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error
    // A file system without hard links: alone, but for a moment not complete.
    return await createDirectly(file, encode({ state: 'owned', owner }))
  } finally {
    await unlink(temporary)
  }
}

async function createDirectly(file: string, content: string): Promise<boolean> {
  try {
    await writeFile(file, content, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Says that nobody owns it any more. The highest file stays: its number must not be used again. */
export async function markReleased(directory: string, number: number, token: string) {
  const temporary = join(directory, `owner.new-${token}`)
  await writeFile(temporary, encode({ state: 'released' }), { mode: 0o600 })
  await rename(temporary, lockFile(directory, number))
}

/** Reads a lock file with its last sign of life; undefined where it has been cleaned away. */
export async function readLockFile(
  directory: string,
  number: number,
): Promise<{ content: Content; beatAtMs: number } | undefined> {
  try {
    // Opened before it is looked at: on a network file system that is what makes the time current.
    const file = await open(lockFile(directory, number), 'r')
    try {
      const content = decode(await file.readFile('utf8'))
      return { content, beatAtMs: (await file.stat()).mtimeMs }
    } finally {
      await file.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Removes what is below the owner's file, and what processes killed on their way left behind. */
export async function cleanBelow(directory: string, number: number): Promise<void> {
  for (const lower of await lockNumbers(directory)) {
    if (lower < number) await unlink(lockFile(directory, lower)).catch(() => {})
  }
  for (const name of await readdir(directory)) {
    if (!temporaryName.test(name)) continue
    const path = join(directory, name)
    const found = await stat(path).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > temporaryMs) await unlink(path).catch(() => {})
  }
}

/** What the clock of the file system says, which is the one that dates the signs of life. */
export async function fileSystemNowMs(directory: string, token: string): Promise<number> {
  const path = join(directory, `owner.new-${token}`)
  await writeFile(path, '', { mode: 0o600 })
  const { mtimeMs } = await stat(path)
  await unlink(path)
  return mtimeMs
}

export function encode(content: Content): string {
  return JSON.stringify(content)
}

function decode(text: string): Content {
  try {
    const content = JSON.parse(text) as Partial<{ state: string; owner: Owner }>
    if (content.state === 'released') return { state: 'released' }
    if (content.state === 'owned' && content.owner) return { state: 'owned', owner: content.owner }
  } catch {
    // Judged by its signs of life, like one of a process that cannot be looked at.
  }
  return { state: 'unreadable' }
}
