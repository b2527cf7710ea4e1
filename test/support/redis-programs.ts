import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

export interface RedisProgram {
  readonly path: string
  /** `Redis 7.0.15`, `Valkey 8.1.1`. */
  readonly version: string
}

const run = promisify(execFile)
const names = ['redis-server', 'valkey-server']
const debian = ['install', '-y', '--no-install-recommends', 'redis-server']

/**
 * Finds a Redis on the PATH. Where there is none, Debian's package is installed if this user may;
 * otherwise throws with the command that does it.
 */
export async function findRedis(): Promise<RedisProgram> {
  const found = onPath(names)
  if (found !== undefined) return describe(found)
  if (process.getuid?.() !== 0 || onPath(['apt-get']) === undefined) throw missing()
  await install().catch((cause: unknown) => {
    throw missing({ cause })
  })
  const installed = onPath(names)
  if (installed === undefined) throw missing()
  return describe(installed)
}

function missing(options?: ErrorOptions): Error {
  const linux = `${process.getuid?.() === 0 ? '' : 'sudo '}apt-get ${debian.join(' ')}`
  const command = process.platform === 'darwin' ? 'brew install redis' : linux
  return new Error(`There is no Redis for the tests. Run once: ${command}`, options)
}

function onPath(programs: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const paths = programs.flatMap((program) => folders.map((folder) => join(folder, program)))
  return paths.find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function describe(path: string): Promise<RedisProgram> {
  // Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 …
  const { stdout } = await run(path, ['--version'])
  const [, name, version] = /^(\w+).* v=(\S+)/.exec(stdout) ?? []
  return { path, version: name === undefined ? stdout.trim() : `${name} ${version}` }
}

/** Installs the package, whose service is not to be started: every run has a server of its own. */
async function install(): Promise<void> {
  // https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
  const policy = '/usr/sbin/policy-rc.d'
  const ours = !existsSync(policy)
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  // Another run may be installing just now.
  const apt = (...args: string[]) =>
    run('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  try {
    // Lists of packages may be missing, or too old to find it.
    await apt(...debian).catch(async () => {
      await apt('update')
      await apt(...debian)
    })
  } finally {
    if (ours) rmSync(policy, { force: true })
  }
}
