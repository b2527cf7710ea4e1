import { Worker } from 'node:worker_threads'
import { EnvoyerError } from '../../errors.ts'
import { compileEngine } from './compile.ts'
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

interface State {
  readonly worker: Worker
  readonly connections: Map<number, ConnectionEvents>
  readonly reports: ((report: EngineReport) => void)[]
  failure: Error | undefined
  onClosed: (() => void) | undefined
  outstanding: number
  streams: number
}

/** Starts the thread, and waits until the database can be used. */
export async function startThread(
  settings: EngineSettings,
  warn: (error: Error) => void,
): Promise<EngineThread> {
  const state: State = {
    worker: createWorker({ ...settings, compiled: await compileEngine() }),
    connections: new Map(),
    reports: [],
    failure: undefined,
    onClosed: undefined,
    outstanding: 0,
    streams: 0,
  }
  await started(state, warn)
  count(state, 0)
  return {
    connect: (events) => connect(state, events),
    limit: (on) => post(state, { type: 'limit', on }),
    report() {
      count(state, 1)
      post(state, { type: 'report' })
      return new Promise((resolve) => state.reports.push(resolve))
    },
    abandon(error) {
      fail(state, error)
      state.worker.terminate().catch(() => {})
    },
    close: () => close(state),
  }
}

/** Idle, the thread must not keep a script alive; with a query outstanding, it must. */
function count(state: State, change: number): void {
  state.outstanding += change
  if (state.outstanding > 0) state.worker.ref()
  else state.worker.unref()
}

function post({ worker, failure }: State, message: ToEngine, transfer: ArrayBuffer[] = []): void {
  if (!failure) worker.postMessage(message, transfer)
}

function fail(state: State, error: Error): void {
  state.failure ??= error
  for (const { fail } of [...state.connections.values()]) fail(state.failure)
  state.connections.clear()
  state.onClosed?.()
}

function started(state: State, warn: (error: Error) => void): Promise<void> {
  const { worker, connections, reports } = state
  return new Promise((resolve, reject) => {
    const stop = (reason: string) => {
      const error = new EnvoyerError('database-stopped', reason)
      reject(error)
      fail(state, error)
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
          count(state, -1)
          return reports.shift()?.(message.report)
        case 'closed':
          return state.onClosed?.()
        case 'answer':
          count(state, -1)
          connections.get(message.stream)?.answer(message.bytes)
      }
    })
  })
}

function connect(state: State, events: ConnectionEvents): EngineConnection {
  const stream = ++state.streams
  const { failure, connections } = state
  if (failure) {
    process.nextTick(() => events.fail(failure))
    return { send() {}, end() {} }
  }
  connections.set(stream, events)
  count(state, 1)
  post(state, { type: 'connect', stream })
  return {
    send(bytes) {
      count(state, 1)
      post(state, { type: 'frame', stream, bytes }, [bytes.buffer as ArrayBuffer])
    },
    end() {
      if (connections.delete(stream)) post(state, { type: 'disconnect', stream })
    },
  }
}

async function close(state: State): Promise<void> {
  if (state.failure) return
  count(state, 1)
  const closed = new Promise<void>((resolve) => {
    state.onClosed = resolve
  })
  post(state, { type: 'close' })
  await closed
  state.failure ??= new EnvoyerError('closed', 'The database was called after close().')
  await state.worker.terminate()
}

/**
 * The application's `--import` and `--require` have no business in it; but from source the thread's
 * file is TypeScript, and needs the loader that the process has.
 */
function createWorker(settings: EngineSettings): Worker {
  const { emptyDatabase } = settings
  const options = {
    workerData: settings,
    transferList: emptyDatabase ? [emptyDatabase.buffer as ArrayBuffer] : [],
  }
  return import.meta.url.endsWith('.ts')
    ? new Worker(new URL('./worker.ts', import.meta.url), options)
    : new Worker(new URL('./worker.js', import.meta.url), { ...options, execArgv: [] })
}
