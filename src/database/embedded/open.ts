import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { DataSource } from 'typeorm'
import { EnvoyerError } from '../../errors.ts'
import type { OwnDatabase } from '../contract.ts'
import type { DatabaseOptions } from '../options.ts'
import { createPooledDatabase, poolOf } from '../pooled.ts'
import { sourceOptions } from '../source-options.ts'
import { compileEngine } from './compile.ts'
import { prepareDataDirectory } from './data-directory.ts'
import { emptyDatabase } from './empty-database.ts'
import { listenOn } from './listen.ts'
import { acquireLock, type Lock } from './lock.ts'
import { refuseMoved } from './moved.ts'
import { guardOneSession } from './one-session.ts'
import { makePrivateDirectory } from './private-directory.ts'
import { listenForClients } from './socket.ts'
import { chooseSocketPlace, type SocketPlace } from './socket-place.ts'
import { createEngineStream } from './stream.ts'
import { type EngineThread, startThread } from './thread.ts'
import { limitTransactions } from './without-time-limit.ts'

/** A call that waits longer than this for the one session is told so, rather than for ever. */
const waitForSessionMs = 60_000

/** Opens the embedded database: PostgreSQL in a worker thread, over an exclusive directory. */
export async function openEmbedded(options: DatabaseOptions): Promise<OwnDatabase> {
  const warn = options.onWarning ?? ((error: Error) => process.emitWarning(error))
  let thread: EngineThread | undefined
  let held: Held | undefined
  const lost = (error: Error) => {
    thread?.abandon(error)
    void held?.listening?.close()
  }
  held = await hold(options, lost, warn)
  try {
    const [settings] = await Promise.all([settingsOf(options, held?.lock), compileEngine()])
    thread = await startThread(settings, warn)
    return await openSource(options, thread, held, warn)
  } catch (error) {
    await thread?.close().catch(() => {})
    await letGo(held)
    throw error
  }
}

/** The directory in our hands, and the socket over which others work through us. */
interface Held {
  readonly lock: Lock
  readonly listening: { close(): Promise<void> } | undefined
}

async function letGo(held: Held | undefined): Promise<void> {
  // First: whoever finds the directory free must not be answered by who has left it.
  await held?.listening?.close()
  await held?.lock.release()
}

async function hold(
  options: DatabaseOptions,
  lost: (error: Error) => void,
  warn: (error: Error) => void,
): Promise<Held | undefined> {
  if (options.directory === 'memory') return undefined
  const directory = resolve(options.directory)
  await makePrivateDirectory(directory)
  await refuseMoved(directory)
  const { clients } = options
  if (!clients) return { lock: await acquireLock(directory, lost), listening: undefined }
  let place: SocketPlace | undefined
  const lock = await acquireLock(directory, lost, undefined, async (token) => {
    place = await chooseSocketPlace(directory, token)
    return place.path
  })
  // At once, though nothing is open yet: who comes now is answered when it is.
  const listening = await listenForClients(place!, lock.owner.token, clients, warn)
  return { lock, listening }
}

async function settingsOf(options: DatabaseOptions, lock: Lock | undefined) {
  const durability = options.durability ?? 'fsync'
  const common = {
    durability,
    transactionTimeoutMs: options.transactionTimeoutMs ?? 5000,
    schema: options.schema,
  }
  if (!lock) {
    return { ...common, emptyDatabase: await promisify(gunzip)(await emptyDatabase()) }
  }
  const dataDirectory = await prepareDataDirectory(
    resolve(options.directory),
    durability === 'fsync',
  )
  return { ...common, dataDirectory, lockFile: lock.file }
}

async function openSource(
  options: DatabaseOptions,
  thread: EngineThread,
  held: Held | undefined,
  warn: (error: Error) => void,
): Promise<OwnDatabase> {
  const source = new DataSource({
    ...sourceOptions(options),
    poolSize: 1,
    // The connection is replaced by the pool; where the database itself has died, every call says so.
    poolErrorHandler: () => {},
    extra: {
      stream: () => createEngineStream(thread),
      // Said here so that the PG… variables of the environment, meant for a server, change nothing.
      user: 'postgres',
      host: 'embedded',
      database: 'postgres',
      ssl: false,
      max: 1,
      idleTimeoutMillis: 0,
      connectionTimeoutMillis: waitForSessionMs,
    },
  })
  await source.initialize()
  const guard = guardOneSession(source)
  const database = createPooledDatabase({
    kind: 'embedded',
    // No pooler can be between, and planning costs more than running: WebAssembly is slow.
    preparedInTransactions: true,
    source,
    guard,
    unreachable: (error) =>
      error instanceof EnvoyerError ? error : new EnvoyerError('database-stopped', error.message),
    warn,
    listen: listenOn(poolOf(source), (sql) => database.execute(sql), warn),
    async close() {
      await source.destroy()
      await thread.close()
      await letGo(held)
    },
  })
  limitTransactions(database, thread)
  return database
}
