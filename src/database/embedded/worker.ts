import { parentPort, workerData } from 'node:worker_threads'
import { toError } from '../../errors.ts'
import { startEngine } from './engine.ts'
import { createHeartbeat, heartbeatMs } from './heartbeat.ts'
import type { EngineSettings, FromEngine, ToEngine } from './messages.ts'
import { createSession } from './session.ts'
import { startUpkeep } from './upkeep.ts'

/** The worker thread: PostgreSQL in WebAssembly blocks its thread while it works. */
const port = parentPort
if (!port) throw new Error('This file is the embedded database; it runs in a worker thread.')
const tell = (message: FromEngine) => {
  if ('bytes' in message) port.postMessage(message, [message.bytes.buffer as ArrayBuffer])
  else port.postMessage(message)
}

try {
  await serve(workerData as EngineSettings)
} catch (error) {
  tell({ type: 'failed', message: toError(error).message })
  port.close()
}

async function serve(settings: EngineSettings): Promise<void> {
  const trace: string[] = []
  let broken: string | undefined
  const pglite = await startEngine(settings, {
    traced: (event) => void trace.push(event),
    broken: (reason) => {
      broken ??= reason
    },
  })
  const session = createSession(pglite, settings.transactionTimeoutMs, () => broken)
  const warn = (message: string) => tell({ type: 'warning', message })
  const upkeep = startUpkeep(session, settings.schema, warn, settings.upkeep)
  const stopBeating = keepBeating(settings.lockFile)
  let client: number | undefined

  const close = async () => {
    upkeep.stop()
    stopBeating()
    session.begin()
    session.query('CHECKPOINT')
    await pglite.close()
    tell({ type: 'closed' })
    port?.close()
  }
  const answer = (stream: number, bytes: Uint8Array) => {
    if (settings.trace) trace.push('answer')
    // Bytes in a pooled buffer cannot be handed over to another thread.
    tell({ type: 'answer', stream, bytes: new Uint8Array(bytes) })
  }
  port?.on('message', (message: ToEngine) => {
    switch (message.type) {
      case 'connect':
        client = message.stream
        return answer(client, session.begin())
      case 'frame':
        // Of a client that is gone already; every frame is answered, since they are counted.
        if (message.stream !== client) return answer(message.stream, new Uint8Array())
        answer(client, session.answer(message.bytes))
        return upkeep.commanded()
      case 'disconnect':
        if (message.stream !== client) return
        client = undefined
        return void session.begin()
      case 'limit':
        return session.limit(message.on)
      case 'report': {
        const { checkpoints, vacuums } = upkeep
        const report = { commands: session.commands, checkpoints, vacuums, trace: trace.splice(0) }
        return tell({ type: 'report', report })
      }
      case 'close':
        return void close()
    }
  })
  tell({ type: 'ready' })
}

/** Also from this thread: the main one may be busy for longer than a lock is believed. */
function keepBeating(lockFile: string | undefined): () => void {
  if (lockFile === undefined) return () => {}
  const heartbeat = createHeartbeat(lockFile)
  const timer = setInterval(() => heartbeat.beat(), heartbeatMs)
  return () => {
    clearInterval(timer)
    heartbeat.stop()
  }
}
