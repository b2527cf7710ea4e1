import { readFile } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { EnvoyerError } from '../../errors.ts'
import type { EngineReport, EngineSettings, FromEngine, ToEngine } from './messages.ts'

/** One end of a connection to the engine. */
export interface EngineConnection {
  send(frame: Uint8Array): void
  end(): void
}
export interface ConnectionEvents {
  answer(bytes: Uint8Array): void
  fail(error: Error): void
}

/** The worker thread, seen from the main thread. */
export interface EngineThread {
  connect(events: ConnectionEvents): EngineConnection
  /** Turns the time limit on transactions off, for migrations, and on again. */
  limit(on: boolean): void
  report(): Promise<EngineReport>
  /** Ends the thread at once and fails what is outstanding with `error`. */
  abandon(error: Error): void
  close(): Promise<void>
}

// Node has it, but its types are those of a browser.
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { compile(bytes: Uint8Array): Promise<object> }
}

/** A second database in this process, as in tests, starts twice as fast. */
let compiled: Promise<object> | undefined

async function compile(): Promise<object> {
  const file = new URL('./pglite.wasm', import.meta.resolve('@electric-sql/pglite'))
  return WebAssembly.compile(await readFile(file))
}

/** Starts the thread, and waits until the database can be used. */
export async function startThread(
  settings: EngineSettings,
  warn: (error: Error) => void,
): Promise<EngineThread> {
  compiled ??= compile()
  const worker = createWorker({ ...settings, compiled: await compiled })
  const connections = new Map<number, ConnectionEvents>()
  const reports: ((report: EngineReport) => void)[] = []
  let failure: Error | undefined
  let onClosed: (() => void) | undefined
  let outstanding = 0
  let streams = 0

  // Idle, the thread must not keep a script alive; with a query outstanding, it must.
  const count = (change: number) => {
    outstanding += change
    if (outstanding > 0) worker.ref()
    else worker.unref()
  }
  const post = (message: ToEngine, transfer: ArrayBuffer[] = []) => {
    if (!failure) worker.postMessage(message, transfer)
  }
  const fail = (error: Error) => {
    failure ??= error
    for (const { fail } of [...connections.values()]) fail(failure)
    connections.clear()
    onClosed?.()
  }
  const started = new Promise<void>((resolve, reject) => {
    const stop = (reason: string) => {
      const error = new EnvoyerError('database-stopped', reason)
      reject(error)
      fail(error)
    }
    worker.on('error', (error) => stop(error.message))
    worker.on('exit', (code) => stop(`Its thread ended with code ${code}.`))
    worker.on('message', (message: FromEngine) => {
      switch (message.type) {
        case 'ready':
          return resolve()
        case 'failed':
          return stop(message.message)
        case 'warning':
          return warn(new Error(message.message))
        case 'report':
          count(-1)
          return reports.shift()?.(message.report)
        case 'closed':
          return onClosed?.()
        case 'answer':
          count(-1)
          connections.get(message.stream)?.answer(message.bytes)
      }
    })
  })
  await started
  count(0)
  return {
    connect(events) {
      const stream = ++streams
      if (failure) {
        const error = failure
        process.nextTick(() => events.fail(error))
        return { send() {}, end() {} }
      }
      connections.set(stream, events)
      count(1)
      post({ type: 'connect', stream })
      return {
        send(bytes) {
          count(1)
          post({ type: 'frame', stream, bytes }, [bytes.buffer as ArrayBuffer])
        },
        end() {
          if (connections.delete(stream)) post({ type: 'disconnect', stream })
        },
      }
    },
    limit: (on) => post({ type: 'limit', on }),
    report() {
      count(1)
      post({ type: 'report' })
      return new Promise((resolve) => reports.push(resolve))
    },
    abandon(error) {
      fail(error)
      worker.terminate().catch(() => {})
    },
    async close() {
      if (failure) return
      count(1)
      const closed = new Promise<void>((resolve) => {
        onClosed = resolve
      })
      post({ type: 'close' })
      await closed
      failure ??= new EnvoyerError('closed', 'The database was called after close().')
      await worker.terminate()
    },
  }
}

/**
 * From source the thread's file is TypeScript, which a new thread has no loader for; from the
 * package it is JavaScript. The application's `--import` and `--require` have no business in it.
 */
function createWorker(settings: EngineSettings): Worker {
  const options = { workerData: settings, execArgv: [] }
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('./worker.js', import.meta.url), options)
  }
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const file = JSON.stringify(new URL('./worker.ts', import.meta.url))
  const load = `import(${loader}).then(({ register }) => { register(); return import(${file}) })`
  return new Worker(load, { ...options, eval: true })
}
