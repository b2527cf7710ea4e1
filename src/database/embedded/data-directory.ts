import { existsSync } from 'node:fs'
import { chmod, mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { emptyDatabase } from './empty-database.ts'
import { readTar } from './tar.ts'

/** Files that are synced at a time: the disk does them together. */
const filesAtOnce = 16

/**
 * Gives PostgreSQL's data directory inside `directory`, made where it is not there yet. It is
 * complete once it has its name: a process killed while making it leaves only rubbish beside it.
 */
export async function prepareDataDirectory(directory: string, synced: boolean): Promise<string> {
  const path = join(directory, 'data')
  if (existsSync(path)) {
    await chmod(path, 0o700)
    return path
  }
  const unfinished = join(directory, 'data.unfinished')
  await rm(unfinished, { recursive: true, force: true })
  await unpack(unfinished, synced)
  await rename(unfinished, path)
  if (synced) await syncPath(directory)
  return path
}

async function unpack(target: string, synced: boolean): Promise<void> {
  const tar = await promisify(gunzip)(await emptyDatabase())
  await mkdir(target, { mode: 0o700 })
  const directories = [target]
  const files: { path: string; content: Buffer }[] = []
  for (const entry of readTar(tar)) {
    const path = join(target, entry.path)
    if (entry.directory) {
      await mkdir(path, { recursive: true, mode: 0o700 })
      directories.push(path)
    } else files.push({ path, content: entry.content })
  }
  const write = async () => {
    for (let file = files.pop(); file; file = files.pop()) {
      await writeFile(file.path, file.content, { mode: 0o600, flush: synced })
    }
  }
  await Promise.all(Array.from({ length: filesAtOnce }, write))
  if (synced) for (const path of directories) await syncPath(path)
}

/** Makes the names in a directory durable. Windows cannot open one, and does it by itself. */
async function syncPath(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
