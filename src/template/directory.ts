import { type Dirent, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { cleanBody } from './source.ts'

export interface TemplateFile {
  readonly body: string
  readonly mtimeMs: number
  readonly size: number
}

/** Files by path relative to the folder, with `/`; and what was left out, with the reason. */
export interface Listing {
  readonly files: ReadonlyMap<string, TemplateFile>
  readonly strays: ReadonlyMap<string, string>
}

export const emptyListing: Listing = { files: new Map(), strays: new Map() }

/** Deep enough for `event/locale/_partials/group/`, and an end to links that go in circles. */
const maxDepth = 8

/**
 * Reads the folder; files unchanged since `before` (same time and size) are not read again.
 * Returns `before` itself where nothing changed. Synchronous, because a stat each for some hundred
 * files takes a few milliseconds this way and several times the processor through promises.
 */
export function readDirectory(directory: string, before: Listing): Listing {
  const root = realpathSync(directory)
  const files = new Map<string, TemplateFile>()
  const strays = new Map<string, string>()
  walk(root, root, '', { before, files, strays })
  const same =
    files.size === before.files.size &&
    [...files].every(([file, entry]) => before.files.get(file) === entry) &&
    [...strays.keys()].join('\n') === [...before.strays.keys()].join('\n')
  return same ? before : { files, strays }
}

interface Walk {
  readonly before: Listing
  readonly files: Map<string, TemplateFile>
  readonly strays: Map<string, string>
}

function walk(root: string, folder: string, relative: string, into: Walk): void {
  const entries = readdirSync(folder, { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    // Editors and systems keep their own things in names that begin with a dot.
    if (entry.name.startsWith('.')) continue
    const file = relative === '' ? entry.name : `${relative}/${entry.name}`
    visit(root, path.join(folder, entry.name), file, entry, into)
  }
}

function visit(root: string, full: string, file: string, entry: Dirent, into: Walk): void {
  try {
    if (entry.isSymbolicLink() && !inside(root, realpathSync(full))) {
      into.strays.set(
        file,
        'it is a link to a place outside the templates’ folder, and is not read',
      )
      return
    }
    const stat = statSync(full)
    if (stat.isDirectory()) {
      if (file.split('/').length > maxDepth) into.strays.set(file, 'it is nested too deeply')
      else walk(root, full, file, into)
    } else if (stat.isFile()) {
      into.files.set(file, read(full, stat, into.before.files.get(file)))
    }
  } catch (error) {
    // Deleted since the folder was listed, or a link to nothing: as if it had not been there.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') into.strays.set(file, `it cannot be read (${code})`)
  }
}

function read(
  full: string,
  { mtimeMs, size }: { mtimeMs: number; size: number },
  known: TemplateFile | undefined,
): TemplateFile {
  if (known?.mtimeMs === mtimeMs && known.size === size) return known
  const body = full.endsWith('.liquid') ? cleanBody(readFileSync(full, 'utf8')) : ''
  return { body, mtimeMs, size }
}

function inside(root: string, real: string): boolean {
  return real.startsWith(root.endsWith(path.sep) ? root : root + path.sep)
}
