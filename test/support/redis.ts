import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import { findRedis, type RedisProgram } from './redis-programs.ts'

export interface TestRedis {
  /** As in `Redis 7.0.15`. */
  readonly version: string
  /** `redis://:password@127.0.0.1:port/0`; give a number for another of its 16 databases. */
  url(database?: number): string
  /** Kills it, connections cut. What it held is gone, unless it keeps an append-only file. */
  crash(): Promise<void>
  /** Starts it again after `crash`, on the same port with the same password. */
  start(): Promise<void>
  stop(): Promise<void>
}

export interface TestRedisOptions {
  /** Writes an append-only file, synced once a second. Default: it comes back empty. */
  readonly appendOnly?: boolean
}

const startTimeoutMs = 30_000
const portTries = 5

/**
 * Starts a Redis of its own: in a temporary directory, on a free port, with a password. However
 * this process ends, the server ends with it and leaves nothing behind.
 */
export async function startRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  const program = await findRedis()
  const root = mkdtempSync(join(tmpdir(), 'envoyer-redis-'))
  chmodSync(root, 0o700)
  const watchdog = startWatchdog(root)
  const password = randomBytes(24).toString('hex')
  const end = async () => {
    watchdog.kill('SIGKILL')
    await rm(root, { recursive: true, force: true })
  }
  try {
    const { server, place } = await startSomewhere(program, { root, password, ...options })
    let running = server
    return {
      version: program.version,
      url: (database = 0) => `${urlOf(place)}/${database}`,
      async crash() {
        await stopServer(running, 'SIGKILL')
        // It names nobody any more, and the system gives its number to others.
        rmSync(join(root, 'pid'), { force: true })
      },
      async start() {
        running = await startServer(program, place)
      },
      async stop() {
        await stopServer(running, 'SIGTERM')
        await end()
      },
    }
  } catch (thrown) {
    await end()
    throw thrown
  }
}

interface Place extends TestRedisOptions {
  readonly root: string
  readonly password: string
  readonly port: number
}

/** Another program may take the free port before the server does. */
async function startSomewhere(program: RedisProgram, where: Omit<Place, 'port'>) {
  for (let left = portTries; ; left -= 1) {
    const place = { ...where, port: await freePort() }
    try {
      return { place, server: await startServer(program, place) }
    } catch (thrown) {
      if (left <= 1) throw thrown
    }
  }
}

const urlOf = ({ password, port }: Place) => `redis://:${password}@127.0.0.1:${port}`

/** In a file, since arguments can be read by all users of the machine. */
function writeSettings({ root, password, port, appendOnly = false }: Place): string {
  const path = join(root, 'redis.conf')
  const settings = [
    `bind 127.0.0.1`,
    `port ${port}`,
    `requirepass ${password}`,
    `dir "${root}"`,
    `pidfile "${join(root, 'pid')}"`,
    `save ""`,
    `appendonly ${appendOnly ? 'yes' : 'no'}`,
    `appendfsync everysec`,
    // As BullMQ demands.
    `maxmemory-policy noeviction`,
  ]
  writeFileSync(path, `${settings.join('\n')}\n`, { mode: 0o600 })
  return path
}

async function startServer(program: RedisProgram, place: Place): Promise<ChildProcess> {
  const log = join(place.root, 'log')
  const output = openSync(log, 'a')
  const server = spawn(program.path, [writeSettings(place)], { stdio: ['ignore', output, output] })
  closeSync(output)
  server.unref()
  const deadline = Date.now() + startTimeoutMs
  for (;;) {
    if (server.exitCode !== null || server.signalCode !== null || Date.now() > deadline) {
      server.kill('SIGKILL')
      throw new Error(`Redis did not start:\n${readFileSync(log, 'utf8')}`)
    }
    if (await answers(urlOf(place))) return server
    await sleep(25)
  }
}

/** Only ours knows the password. False while it still reads its append-only file. */
async function answers(url: string): Promise<boolean> {
  const client = new Redis(url, {
    ...{ lazyConnect: true, retryStrategy: () => null, connectTimeout: 2000 },
    maxRetriesPerRequest: 0,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.ping()) === 'PONG'
  } catch {
    return false
  } finally {
    client.disconnect()
  }
}

/**
 * Waits for the end of its input, which is the end of this process however it comes, kill -9
 * included; then ends the server.
 */
function startWatchdog(root: string): ChildProcess {
  const script = 'cat >/dev/null; kill -KILL "$(cat "$1/pid")"; rm -rf "$1"'
  const watchdog = spawn('sh', ['-c', script, 'sh', root], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Out of reach of a Ctrl-C in the terminal, which goes to the whole group.
    detached: true,
  })
  watchdog.unref()
  ;(watchdog.stdin as unknown as { unref(): void }).unref()
  return watchdog
}

async function stopServer(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  server.ref()
  const ended = new Promise((resolve) => server.once('exit', resolve))
  server.kill(signal)
  await ended
}
