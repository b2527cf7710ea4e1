import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Packed {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

/** An application in a folder of its own, with the package installed from its tarball. */
export interface Consumer extends AsyncDisposable {
  readonly packed: Packed
  readonly tarball: string
  readonly folder: string
  /** Runs a program in the folder and gives what it printed. */
  run(program: string, ...args: string[]): Promise<string>
  npmInstall(...packages: string[]): Promise<void>
}

/** Runs a program and gives what it printed; fails with all of it. */
export async function run(
  folder: string,
  program: string,
  args: readonly string[],
): Promise<string> {
  const { NODE_TEST_CONTEXT, NODE_OPTIONS, ENVOYER_DATABASE_URL, ...env } = process.env
  try {
    const { stdout } = await promisify(execFile)(program, args, {
      cwd: folder,
      env: { ...env, NO_COLOR: '1' },
      timeout: 300_000,
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout
  } catch (error) {
    // Without a cause, which would print all of it again.
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${program} ${args.join(' ')}\n${`${stdout}${stderr}`.slice(-8000)}`)
  }
}

/** The version that is installed here, which npm has in its cache. */
export async function installed(name: string): Promise<string> {
  const manifest = await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8')
  return `${name}@${(JSON.parse(manifest) as { version: string }).version}`
}

/** Packs the package, which builds it unless that has just been done, and installs it with what an application brings besides. */
export async function createConsumer(): Promise<Consumer> {
  const folder = await mkdtemp(join(tmpdir(), 'envoyer-package-'))
  const consumer: Omit<Consumer, 'packed' | 'tarball'> = {
    folder,
    run: (program, ...args) => run(folder, program, args),
    async npmInstall(...packages) {
      // Without scripts: a package that needs more than files would fail here.
      const options = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
      await run(folder, 'npm', ['install', ...options, ...packages])
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
  try {
    const built = process.env.ENVOYER_TEST_BUILT === '1' ? ['--ignore-scripts'] : []
    const pack = ['pack', '--json', '--pack-destination', folder, ...built]
    const printed = await run(root, 'npm', pack)
    const packed = readPacked(printed)
    const tarball = join(folder, packed.filename)
    await cp(fileURLToPath(new URL('consumer', import.meta.url)), folder, { recursive: true })
    const manifest = { name: 'shop', private: true, type: 'module' }
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
    await consumer.npmInstall(tarball, await installed('zod'), await installed('@types/node'))
    return { ...consumer, packed, tarball }
  } catch (error) {
    await consumer[Symbol.asyncDispose]()
    throw error
  }
}

/** `npm pack --json` prints a list, or an object by name, after what the build prints. */
function readPacked(printed: string): Packed {
  const json: unknown = JSON.parse(printed.slice(printed.search(/^[[{]/m)))
  return Object.values(json as Record<string, Packed>)[0]!
}
