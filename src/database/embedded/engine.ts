import { fdatasyncSync, fsyncSync } from 'node:fs'
import { MemoryFS, PGlite, type PGliteOptions } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { toError } from '../../errors.ts'
import type { EngineSettings } from './messages.ts'
import { readTar } from './tar.ts'

/** What Emscripten's NODEFS hands to its operations. */
interface FileStream {
  readonly nfd?: number
  readonly path?: string
  readonly node: { readonly name: string; readonly mode: number }
}
interface FileOperations {
  fsync?(stream: FileStream): number
  write(stream: FileStream, ...rest: unknown[]): number
}

type Compiled = NonNullable<PGliteOptions['pgliteWasmModule']>

export interface EngineEvents {
  /** Hears of writes and syncs, where `trace` is set. */
  traced(event: string): void
  /**
   * Hears that PostgreSQL cannot go on. A server would end itself; PGlite swallows that end, so that
   * the client waits for ever and the next command runs on what is left. Nothing may be answered.
   */
  broken(reason: string): void
}

const linesKept = 5
const directoryMode = 0o040000
const modeMask = 0o170000

/**
 * PostgreSQL in WebAssembly. Emscripten's file system has no fsync, and PGlite starts PostgreSQL
 * with it turned off; here it is turned on, and given one. PostgreSQL then decides by itself what
 * must be on disk when: the WAL before a commit is answered, data files at a checkpoint.
 */
export async function startEngine(settings: EngineSettings, events: EngineEvents): Promise<PGlite> {
  const { dataDirectory, durability } = settings
  const synced = dataDirectory !== undefined && durability === 'fsync'
  const said: string[] = []
  const pglite = new PGlite({
    fs:
      dataDirectory === undefined
        ? createMemory(settings)
        : createFileSystem(dataDirectory, settings, events),
    ...(settings.compiled ? { pgliteWasmModule: settings.compiled as Compiled } : {}),
    startParams: startParameters(synced),
    onStderr: (line) => {
      said.push(line)
      said.splice(0, said.length - linesKept)
      if (/\bPANIC:/.test(line)) events.broken(line)
      return true
    },
  })
  try {
    await pglite.waitReady
  } catch (error) {
    throw new Error([toError(error).message, ...said].join(' '))
  }
  return pglite
}

function startParameters(synced: boolean): string[] {
  const inherited = PGlite.defaultStartParams.filter((parameter) => parameter !== '-F')
  const own = {
    fsync: synced ? 'on' : 'off',
    // The one method that ends in fd_sync: Emscripten's fdatasync and O_SYNC do nothing.
    wal_sync_method: 'fsync',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    // Plans are kept, also those made while the tables were empty: they must use the indexes.
    enable_seqscan: 'off',
    // PostgreSQL's default of 128 MB costs a process that sends notifications 140 MB.
    shared_buffers: '16MB',
    maintenance_work_mem: '16MB',
    // Segments above this are removed at a checkpoint instead of kept for later.
    max_wal_size: '128MB',
    min_wal_size: '32MB',
  }
  return [
    ...inherited,
    ...Object.entries(own).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
}

function createFileSystem(
  directory: string,
  settings: EngineSettings,
  events: EngineEvents,
): NodeFS {
  const synced = settings.durability === 'fsync'
  return prepared(new NodeFS(directory), ({ NODEFS: { stream_ops: operations } }) => {
    if (synced) operations.fsync = createSync(settings.syncFailsAfter, events.broken)
    if (settings.trace) trace(operations, events.traced)
  })
}

/** Where PGlite has its data directory. */
const dataPath = '/pglite/data'

/** With the empty database in it: its files are views of the tar, which nobody else has. */
function createMemory({ emptyDatabase }: EngineSettings): MemoryFS {
  return prepared(new MemoryFS(), ({ FS: files }) => {
    if (!emptyDatabase) return
    const { buffer, byteOffset, byteLength } = emptyDatabase
    files.mkdirTree(dataPath)
    for (const entry of readTar(Buffer.from(buffer, byteOffset, byteLength))) {
      const { path, directory, content } = entry
      if (directory) files.mkdirTree(dataPath + path)
      else files.writeFile(dataPath + path, content, { canOwn: true })
    }
  })
}

/** Emscripten's part of PGlite, as far as it is used here. */
interface Emscripten {
  readonly NODEFS: { readonly stream_ops: FileOperations }
  readonly FS: {
    mkdirTree(path: string): void
    writeFile(path: string, content: Uint8Array, options: { canOwn: boolean }): void
  }
}

/** Has `prepare` done before PostgreSQL starts. */
function prepared<Files extends NodeFS | MemoryFS>(
  fs: Files,
  prepare: (module: Emscripten) => void,
): Files {
  const init = fs.init.bind(fs)
  fs.init = async (pglite, options) => {
    const { emscriptenOpts } = await init(pglite, options)
    const first = emscriptenOpts.preRun ?? []
    const then = (module: unknown) => prepare(module as Emscripten)
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...first, then] } }
  }
  return fs
}

function createSync(failsAfter = Number.POSITIVE_INFINITY, broken: EngineEvents['broken']) {
  let count = 0
  return (stream: FileStream): number => {
    if (stream.nfd === undefined) return 0
    try {
      if (++count > failsAfter) throw new Error('EIO: as the test wants it')
      if ((stream.node.mode & modeMask) === directoryMode) fsyncSync(stream.nfd)
      else fdatasyncSync(stream.nfd)
      return 0
    } catch (error) {
      broken(`A file could not be synced to disk: ${toError(error).message}.`)
      throw error
    }
  }
}

function trace(operations: FileOperations, traced: (event: string) => void): void {
  const { write, fsync } = operations
  operations.write = (stream, ...rest) => {
    traced(`write ${stream.path ?? stream.node.name}`)
    return write(stream, ...rest)
  }
  operations.fsync = (stream) => {
    const result = fsync?.(stream) ?? 0
    if (fsync) traced(`sync ${stream.path ?? stream.node.name}`)
    return result
  }
}
