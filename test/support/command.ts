import { type ChildProcess, spawn } from 'node:child_process'
import { copyFile, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { emptyDatabase, emptyDatabasePath } from '../../src/database/embedded/empty-database.ts'
import { bundledModules, cacheFolder, removeFolder } from './bundle.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface MadeCommand {
  /** Has the package installed, and is not a project itself: make one in it. */
  readonly folder: string
  remove(): Promise<void>
}

/** The embedded database looks for its thread and its files from where its own code is. */
const deep = 'src/database/embedded'

/** Sources by the place of what is made of them. */
const entries = {
  'src/cli/main': 'src/cli/main',
  [`${deep}/index`]: 'src/index',
  [`${deep}/worker`]: `${deep}/worker`,
  ...Object.fromEntries(
    [
      ...['src/availability/index', 'src/testing/index', 'channels/console/index'],
      ...['channels/email/index', 'channels/postoffice/index', 'channels/sms/index'],
      ...['channels/webhook/index'],
    ].map((path) => [path, path]),
  ),
}

/** What of it can be imported. */
export const doors = {
  '.': `./dist/${deep}/index.js`,
  './availability': './dist/src/availability/index.js',
  './testing': './dist/src/testing/index.js',
  './channels/*': './dist/channels/*/index.js',
  './package.json': './package.json',
}

/**
 * The package as JavaScript in the `node_modules` of a folder, in few files: from source each
 * process of a test would take two seconds of a core to load. The packed package has tests of its own.
 */
export async function makeCommand(): Promise<MadeCommand> {
  const folder = await cacheFolder('command')
  const place = join(folder, 'node_modules', 'envoyer')
  const bin = 'dist/src/cli/main.js'
  await Promise.all([
    build({
      ...bundledModules,
      entryPoints: Object.entries(entries).map(([out, path]) => ({
        out,
        in: join(root, `${path}.ts`),
      })),
      outdir: join(place, 'dist'),
      chunkNames: `${deep}/[hash]`,
      external: ['pg-native', 'jiti', '@electric-sql/pglite', 'nodemailer', 'twilio'],
    }),
    emptyDatabase(),
  ])
  await copyFile(emptyDatabasePath(), join(place, 'dist/empty-database.tar.gz'))
  const manifest = { name: 'envoyer', version: '9.8.7', type: 'module', bin, exports: doors }
  await writeFile(join(place, 'package.json'), JSON.stringify(manifest))
  // Else the project around it would be taken for the package.
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'projects' }))
  return { folder, remove: () => removeFolder(folder) }
}

/** The folder that the test command made. */
export function commandFolder(): string {
  const folder = process.env.ENVOYER_TEST_COMMAND
  if (!folder) {
    throw new Error(
      'There is no command for this test. Run it by `npm test -- <file>`, which makes one.',
    )
  }
  return folder
}

/** A folder in which the command can run. */
export const projectFolder = () => mkdtemp(join(commandFolder(), 'project-'))

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

/** The program that `envoyer` is. */
export const mainPath = () => join(commandFolder(), 'node_modules/envoyer/dist/src/cli/main.js')

/** Starts `envoyer` as a process. */
export function startCommand(args: readonly string[], options: RunOptions): ChildProcess {
  const { NODE_TEST_CONTEXT, NODE_OPTIONS, ENVOYER_DATABASE_URL, ...env } = process.env
  const child = spawn(process.execPath, [mainPath(), ...args], {
    cwd: options.folder,
    env: { ...env, ...options.env },
    stdio: 'pipe',
  })
  child.stdin?.end(options.input ?? '')
  return child
}

/** Runs `envoyer` as a process until it ends. */
export async function runCommand(args: readonly string[], options: RunOptions): Promise<Ran> {
  const child = startCommand(args, options)
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    ended,
  ])
  return { code, stdout, stderr }
}
