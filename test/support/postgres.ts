import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { createDatabase } from './create-database.ts'
import { freePort } from './free-port.ts'
import { findPostgres, type PostgresPrograms } from './postgres-programs.ts'

export interface TestPostgres {
  /** What `postgres --version` says. */
  readonly version: string
  /** The URL of a database; without a name that of `postgres`. */
  url(database?: string): string
  /** Creates an empty database and gives its URL. */
  createDatabase(): Promise<string>
  /** Stops it as a pulled plug would, connections cut. */
  crash(): Promise<void>
  /** Starts it again after `crash`, on the same port. */
  start(): Promise<void>
  stop(): Promise<void>
}

const startTimeoutMs = 60_000

/**
 * Starts a PostgreSQL of its own: in a temporary directory, on a free port, with fsync as in real
 * life. However this process ends, the server ends with it and leaves nothing behind.
 */
export async function startPostgres(
  options: { settings?: Record<string, string> } = {},
): Promise<TestPostgres> {
  const root = mkdtempSync(join(tmpdir(), 'envoyer-postgres-'))
  const programs = await findPostgres(root)
  const data = join(root, 'data')
  const socket = join(root, 'socket')
  mkdirSync(data)
  mkdirSync(socket)
  for (const path of [root, data, socket]) {
    chmodSync(path, 0o700)
    if (programs.user) chownSync(path, programs.user.uid, programs.user.gid)
  }
  await programs.run('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8'])
  const port = await freePort()
  const settings = { listen_addresses: '127.0.0.1', max_connections: '200', ...options.settings }
  const begin = () => startServer(programs, { root, data, socket, port, settings })
  let server = await begin()
  const watchdog = startWatchdog(data, root)

  const url = (database = 'postgres') => `postgres://postgres@127.0.0.1:${port}/${database}`
  return {
    version: programs.version,
    url,
    createDatabase: () => createDatabase(url()),
    crash: () => end(server, 'SIGQUIT'),
    async start() {
      server = await begin()
    },
    async stop() {
      await end(server, 'SIGINT')
      watchdog.kill('SIGKILL')
      await rm(root, { recursive: true, force: true })
    },
  }
}

interface Place {
  readonly root: string
  readonly data: string
  readonly socket: string
  readonly port: number
  readonly settings: Record<string, string>
}

async function startServer(programs: PostgresPrograms, place: Place): Promise<ChildProcess> {
  const log = join(place.root, 'log')
  const output = openSync(log, 'a')
  const settings = Object.entries(place.settings).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ])
  const server = spawn(
    programs.path('postgres'),
    ['-D', place.data, '-p', String(place.port), '-k', place.socket, ...settings],
    { ...programs.user, stdio: ['ignore', output, output] },
  )
  server.unref()
  const deadline = Date.now() + startTimeoutMs
  for (;;) {
    if (server.exitCode !== null || Date.now() > deadline) {
      server.kill('SIGKILL')
      throw new Error(`PostgreSQL did not start:\n${readFileSync(log, 'utf8')}`)
    }
    const url = `postgres://postgres@127.0.0.1:${place.port}/postgres`
    try {
      await withClient(url, (client) => client.query('SELECT 1'))
      return server
    } catch {
      await sleep(25)
    }
  }
}

/**
 * Waits for the end of its input, which is the end of this process however it comes, kill -9
 * included; then ends the server.
 */
function startWatchdog(data: string, root: string): ChildProcess {
  const script =
    'cat >/dev/null; kill -QUIT "$(head -n 1 "$1/postmaster.pid")"; sleep 1; rm -rf "$2"'
  const watchdog = spawn('sh', ['-c', script, 'sh', data, root], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Out of reach of a Ctrl-C in the terminal, which goes to the whole group.
    detached: true,
  })
  watchdog.unref()
  ;(watchdog.stdin as unknown as { unref(): void }).unref()
  return watchdog
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  server.ref()
  const ended = new Promise((resolve) => server.once('exit', resolve))
  server.kill(signal)
  await ended
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end()
  }
}
