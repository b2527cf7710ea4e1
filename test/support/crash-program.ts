import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'
import { emptyDatabase, emptyDatabasePath } from '../../src/database/embedded/empty-database.ts'
import { bundled, cacheFolder, removeFolder } from './bundle.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Runs `whole.cjs` with the machine code that an earlier process of it has left; the first ones
 * leave it when they have run for a while.
 */
const starter = `
  const { readFileSync, renameSync, writeFileSync } = require('node:fs')
  const { Script } = require('node:vm')
  const filename = require('node:path').join(__dirname, 'whole.cjs')
  const kept = filename + '.code'
  let cachedData
  try {
    cachedData = readFileSync(kept)
  } catch {}
  const text = readFileSync(filename, 'utf8')
  const script = new Script('(function (require, module, __filename) {' + text + '\\n})', { filename, cachedData })
  script.runInThisContext()(require, { exports: {} }, filename)
  if (!cachedData) {
    setTimeout(() => {
      writeFileSync(kept + process.pid, script.createCachedData())
      renameSync(kept + process.pid, kept)
    }, 1500).unref()
  }`

/** The program that the test command made. */
export function crashProgram(): string {
  const path = process.env.ENVOYER_TEST_CRASH_PROGRAM
  if (!path) {
    throw new Error(
      'There is no program to kill for this test. Run it by `npm test -- <file>`, which makes one.',
    )
  }
  return path
}

export interface MadeProgram {
  readonly path: string
  remove(): Promise<void>
}

/**
 * `test/crash/child.ts` with all that it imports, as JavaScript: thousands of processes are started
 * from it, and from source each would take two seconds of a core to load.
 */
export async function makeCrashProgram(): Promise<MadeProgram> {
  const directory = await cacheFolder('crash-program')
  // Laid out as in the package: there the embedded database looks for its thread and its files.
  const folder = join(directory, 'src/database/embedded')
  const whole: BuildOptions = {
    ...bundled,
    entryPoints: [join(root, 'test/crash/child.ts')],
    outfile: join(folder, 'whole.cjs'),
    format: 'cjs',
    minify: true,
    keepNames: true,
    external: ['pg-native'],
    define: { 'import.meta.url': 'metaUrl', 'import.meta.resolve': 'metaResolve' },
    banner: {
      js: `const { pathToFileURL } = require('node:url'), metaUrl = pathToFileURL(__filename).href,
        metaResolve = (name) => pathToFileURL(require.resolve(name)).href`,
    },
  }
  const thread: BuildOptions = {
    ...bundled,
    entryPoints: [join(root, 'src/database/embedded/worker.ts')],
    outfile: join(folder, 'worker.js'),
    format: 'esm',
    external: ['@electric-sql/pglite'],
  }
  await Promise.all([build(whole), build(thread), emptyDatabase()])
  await copyFile(emptyDatabasePath(), join(directory, 'empty-database.tar.gz'))
  const path = join(folder, 'start.cjs')
  await writeFile(path, starter)
  return { path, remove: () => removeFolder(directory) }
}
