import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

export const heartbeatMs = 2000

/**
 * Signs of life of the owner of a lock file: its own bytes, written over themselves. So the clock of
 * the file system dates them (setting a time would take this machine's), and a reader always finds
 * the file complete.
 */
export function createHeartbeat(file: string): { beat(): void; stop(): void } {
  const descriptor = openSync(file, 'r+')
  const content = readFileSync(descriptor)
  let stopped = false
  return {
    beat() {
      if (stopped) return
      try {
        writeSync(descriptor, content, 0, content.length, 0)
      } catch {
        // A disk out of reach for a moment: the next one may pass.
      }
    },
    stop() {
      if (!stopped) closeSync(descriptor)
      stopped = true
    },
  }
}
