import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

// Parsed once a process: most files are the same in every program.
const parsed = new Map<string, ts.SourceFile>()

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Compiles files as the project's own; `change` may give another text for a file of the disk. */
export function compile(
  files: readonly string[],
  change: (path: string, text: string) => string = (_path, text) => text,
): ts.Program {
  const path = join(root, 'tsconfig.json')
  const { config } = ts.readConfigFile(path, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(path))
  const host = ts.createCompilerHost(options)
  const { readFile } = host
  host.readFile = (file) => {
    const text = readFile(file)
    return text === undefined ? undefined : change(file, text)
  }
  host.getSourceFile = (file, target) => {
    const text = host.readFile(file)
    if (text === undefined) return undefined
    const before = parsed.get(file)
    if (before?.text === text) return before
    const source = ts.createSourceFile(file, text, target)
    parsed.set(file, source)
    return source
  }
  return ts.createProgram(files, options, host)
}
