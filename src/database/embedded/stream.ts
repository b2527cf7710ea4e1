import { Duplex } from 'node:stream'
import type { EngineThread } from './thread.ts'

/** Query, Sync and Flush: after these the server answers, so what came before belongs together. */
const endsFrame = new Set(['Q', 'S', 'H'].map((type) => type.charCodeAt(0)))
const terminate = 'X'.charCodeAt(0)

/**
 * The socket that `pg` is given: what it writes is cut into frames for the worker thread, whose
 * answers are what it reads. To `pg` this is a server on the other end of a wire.
 */
export function createEngineStream(thread: EngineThread): Duplex {
  let connected: ReturnType<EngineThread['connect']> | undefined
  const split = createSplitter((frame) => connected?.send(frame))
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      split(chunk)
      done()
    },
    final(done) {
      stream.push(null)
      done()
    },
    destroy(error, done) {
      connected?.end()
      done(error)
    },
  })
  return Object.assign(stream, {
    connect() {
      connected = thread.connect({
        answer: (bytes) => void stream.push(bytes),
        fail: (error) => void stream.destroy(error),
      })
      // As a socket does: never before `connect` has returned.
      process.nextTick(() => {
        if (!stream.destroyed) stream.emit('connect')
      })
      return stream
    },
    setNoDelay: () => stream,
    setKeepAlive: () => stream,
    // What keeps the process alive is an outstanding query, which the thread counts.
    ref: () => stream,
    unref: () => stream,
  })
}

function createSplitter(onFrame: (frame: Uint8Array) => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0)
  let started = false
  let scanned = 0
  return (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    // The start-up packet has no type byte; the thread opens the session by itself.
    if (!started) {
      if (pending.length < 4 || pending.length < pending.readInt32BE(0)) return
      pending = pending.subarray(pending.readInt32BE(0))
      started = true
    }
    while (scanned + 5 <= pending.length) {
      const end = scanned + 1 + pending.readInt32BE(scanned + 1)
      if (end > pending.length) return
      const type = pending[scanned]!
      scanned = end
      if (type === terminate || !endsFrame.has(type)) continue
      // A copy with a buffer of its own: it is handed over to the worker, not cloned.
      onFrame(Uint8Array.prototype.slice.call(pending, 0, end))
      pending = pending.subarray(end)
      scanned = 0
    }
  }
}
