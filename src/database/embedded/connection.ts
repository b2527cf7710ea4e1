import type { Socket } from 'node:net'
import { createFrameReader, frameOf } from './frames.ts'

/** What one message may measure, in bytes. */
export const messageBytes = 16 * 1024 * 1024
/** Of somebody who has not proved yet that the lock file is open to him. */
const strangerBytes = 64 * 1024
/** From here on no more is read of who does not read what was answered. */
const unreadBytes = 1024 * 1024
/** Who leaves so much unread is cut off. */
const unreadAtMostBytes = 64 * 1024 * 1024
/** Messages that nobody has listened to yet. */
const earlyAtMost = 2000

/** Between the owner of the embedded database and another process; carries texts both ways. */
export interface Connection {
  send(text: string): void
  /**
   * Hears each text from now on; those that came before, first. What it throws ends the connection.
   * `undefined`: they are kept for who listens next.
   */
  receive(heard: ((text: string) => void) | undefined): void
  /** Bytes that are on their way to the other end. */
  readonly unread: number
  /** Whether it keeps this process alive. Not to begin with. */
  hold(on: boolean): void
  /** Takes large messages from now on. */
  trust(): void
  /** Ends it once all that was sent is on its way. */
  end(): void
  /** Ends it at once. */
  cut(): void
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>
}

/**
 * Makes a connection of a socket. `patient`: it waits with reading while the other end does not read;
 * only one of two may, or both would wait for ever.
 */
export function createConnection(
  socket: Socket,
  { patient }: { readonly patient: boolean },
): Connection {
  let limit = strangerBytes
  let heard: ((text: string) => void) | undefined
  const early: string[] = []
  socket.unref()
  const ended = new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
  })
  // How it ended is no news: whatever was asked is told of it.
  socket.on('error', () => {})
  const read = createFrameReader(
    () => limit,
    (text) => {
      if (heard) heard(text)
      else if (early.push(text) > earlyAtMost) throw new Error('too many before their time')
    },
  )
  socket.on('data', (chunk: Buffer) => {
    try {
      read(chunk)
    } catch {
      // Whoever speaks like that does not speak our language.
      socket.destroy()
    }
  })
  socket.on('drain', () => socket.resume())
  return {
    send(text) {
      if (socket.destroyed || socket.writableEnded) return
      socket.write(frameOf(text))
      if (socket.writableLength > unreadAtMostBytes) socket.destroy()
      else if (patient && socket.writableLength > unreadBytes) socket.pause()
    },
    receive(listener) {
      heard = listener
      try {
        while (heard && early.length > 0) heard(early.shift()!)
      } catch {
        socket.destroy()
      }
    },
    get unread() {
      return socket.writableLength
    },
    hold: (on) => void (on ? socket.ref() : socket.unref()),
    trust() {
      // An answer may be larger than what asked for it.
      limit = 4 * messageBytes
    },
    end: () => void socket.end(() => socket.destroy()),
    cut: () => void socket.destroy(),
    ended,
  }
}
