import { closeSync, fdatasyncSync, fsyncSync, openSync } from 'node:fs'

import { PGlite, type PGliteOptions } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import type { EngineSettings } from './messages.ts'

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

const directoryMode = 0o040000
const modeMask = 0o170000

/**
 * PostgreSQL in WebAssembly. Emscripten's file system has no fsync, and PGlite starts PostgreSQL
 * with it turned off; here it is turned on, and given one. PostgreSQL then decides by itself what
 * must be on disk when: the WAL before a commit is answered, data files at a checkpoint.
 */
export async function startEngine(
  settings: EngineSettings,
  traced: (event: string) => void,
): Promise<PGlite> {
  const { dataDirectory, durability, emptyDatabase } = settings
  const synced = dataDirectory !== undefined && durability === 'fsync'
  const pglite = new PGlite({
    ...(dataDirectory === undefined
      ? { dataDir: 'memory://' }
      : { fs: createFileSystem(dataDirectory, synced, settings.trace ? traced : undefined) }),
    // Copied: a Blob takes no view of a buffer that may be shared between threads.
    ...(emptyDatabase ? { loadDataDir: new Blob([new Uint8Array(emptyDatabase)]) } : {}),
    ...(settings.compiled ? { pgliteWasmModule: settings.compiled as Compiled } : {}),
    startParams: startParameters(synced),
  })
  await pglite.waitReady
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
  synced: boolean,
  traced: ((event: string) => void) | undefined,
): NodeFS {
  const fs = new NodeFS(directory)
  const init = fs.init.bind(fs)
  fs.init = async (pglite, options) => {
    const { emscriptenOpts } = await init(pglite, options)
    const prepare = (module: unknown) => {
      const operations = (module as { NODEFS: { stream_ops: FileOperations } }).NODEFS.stream_ops
      if (synced) operations.fsync = sync
      if (traced) trace(operations, traced)
    }
    return {
      emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), prepare] },
    }
  }
  return fs
}

/** An error thrown here is PostgreSQL's PANIC, as it must be: what was not synced is not known. */
function sync(stream: FileStream): number {
  if (stream.nfd === undefined) return 0
  if ((stream.node.mode & modeMask) === directoryMode) fsyncSync(stream.nfd)
  else fdatasyncSync(stream.nfd)
  return 0
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

/** Makes the names in a directory durable: a created or renamed file is lost without it. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
