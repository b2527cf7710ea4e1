import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { cacheFolder } from '../support/bundle.ts'
import { commandFolder, doors } from '../support/command.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * A folder in which the package `envoyer` is installed: what runs is what the test command made, and
 * what the compiler reads are the sources. It lies within the repository, for the other packages.
 */
export async function createFolder(): Promise<string> {
  const folder = await cacheFolder('docs')
  const installed = join(folder, 'node_modules', 'envoyer')
  await mkdir(installed, { recursive: true })
  for (const name of ['src', 'channels']) await symlink(join(root, name), join(installed, name))
  await symlink(join(commandFolder(), 'node_modules/envoyer/dist'), join(installed, 'dist'))
  const types = {
    '.': './src/index.ts',
    './availability': './src/availability/index.ts',
    './testing': './src/testing/index.ts',
    './channels/*': './channels/*/index.ts',
  }
  const exports = Object.fromEntries(
    Object.entries(types).map(([door, path]) => [
      door,
      { types: path, default: doors[door as keyof typeof types] },
    ]),
  )
  await writeFile(
    join(installed, 'package.json'),
    JSON.stringify({ name: 'envoyer', type: 'module', exports }),
  )
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  return folder
}

export async function writeInto(folder: string, path: string, text: string): Promise<void> {
  const file = join(folder, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}

/** Keeps the TypeScript of a folder as it is now, for the type check. */
export async function snapshot(folder: string, to: string): Promise<void> {
  await cp(folder, to, {
    recursive: true,
    filter: (path) => path === folder || path.endsWith('.ts'),
  })
}

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  types: ['node'],
  typeRoots: [join(root, 'node_modules', '@types')],
  strict: true,
  skipLibCheck: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  moduleDetection: ts.ModuleDetectionKind.Force,
}

/** What the compiler has to say about the files, one line each. */
export function typeProblems(folder: string, paths: readonly string[]): string[] {
  const program = ts.createProgram(
    paths.map((path) => join(folder, path)),
    options,
  )
  return paths.flatMap((path) => {
    const file = program.getSourceFile(join(folder, path))
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ file: at, start = 0, messageText }) => {
        const line = at ? at.getLineAndCharacterOfPosition(start).line + 1 : 0
        const where = at ? relative(folder, at.fileName) : path
        return `${where}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
      },
    )
  })
}
