import { spawn } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EnvoyerError } from '../../errors.ts'

const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

/** Opens a page in the browser; gives the path of its file, which stays for as long as it is looked at. */
export async function openInBrowser(html: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'envoyer-preview-')), 'preview.html')
  await writeFile(path, html, { mode: 0o600 })
  const [program, ...args] = openers[process.platform] ?? ['xdg-open']
  const child = spawn(program, [...args, path], { detached: true, stdio: 'ignore' })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', () => {
      const problem = `${program}, which opens the browser, cannot be started; the page is ${path}`
      reject(new EnvoyerError('usage', problem))
    })
  })
  child.unref()
  return path
}
