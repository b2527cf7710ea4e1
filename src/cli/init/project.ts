import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { EnvoyerError, toError } from '../../errors.ts'
import { configNames } from '../config.ts'
import { projectFiles } from './files.ts'

export interface Project {
  readonly folder: string
  /** Paths of what was made. */
  readonly made: readonly string[]
  /** Paths of what was there, and has got what it lacked. */
  readonly completed: readonly string[]
  /** Paths of what was there already, and is as it was. */
  readonly kept: readonly string[]
  /** Packages that are still to be installed. */
  readonly missing: readonly string[]
  /** What starts it. */
  readonly start: string
}

const startScript = 'node send.mjs'

/** Makes the files of a first project in a folder, beside what is there. Overwrites nothing. */
export async function makeProject(given: string): Promise<Project> {
  const folder = resolve(given)
  const other = configNames.find(
    (name) => !(name in projectFiles) && existsSync(join(folder, name)),
  )
  if (other !== undefined) {
    throw new EnvoyerError('usage', `there is ${other} already: nothing was made`)
  }
  // Before anything is written: it may not be readable.
  const manifest = await readManifest(folder)
  const [made, kept, completed]: [string[], string[], string[]] = [[], [], []]
  for (const [path, text] of Object.entries(projectFiles)) {
    const written = await writeNew(join(folder, path), text)
    ;(written ? made : kept).push(path)
  }
  const start = await completeManifest(folder, manifest)
  if (start.changed) (manifest ? completed : made).push('package.json')
  const missing = ['envoyer', 'zod'].filter((name) => !isInstalled(folder, name))
  return { folder, made, completed, kept, missing, start: start.line }
}

async function writeNew(path: string, text: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true })
  try {
    await writeFile(path, text, { flag: 'wx' })
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw thrown
  }
}

interface Manifest {
  readonly [key: string]: unknown
  readonly scripts?: Readonly<Record<string, string>>
}

async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = join(folder, 'package.json')
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Manifest
  } catch (thrown) {
    throw new EnvoyerError('usage', `package.json is not JSON: ${toError(thrown).message}`)
  }
}

/** Adds the script `start` where there is none. */
async function completeManifest(folder: string, manifest: Manifest | undefined) {
  const present = manifest?.scripts?.start
  if (present !== undefined) {
    return { changed: false, line: present === startScript ? 'npm start' : startScript }
  }
  // A name that npm takes: it refuses upper case and blanks.
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[.-]+/, '')
  const base: Manifest = manifest ?? {
    name: name || 'notifications',
    private: true,
    type: 'module',
  }
  const completed = { ...base, scripts: { ...base.scripts, start: startScript } }
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(completed, null, 2)}\n`)
  return { changed: true, line: 'npm start' }
}

function isInstalled(folder: string, name: string): boolean {
  try {
    createRequire(join(folder, 'package.json')).resolve(name)
    return true
  } catch {
    return false
  }
}
