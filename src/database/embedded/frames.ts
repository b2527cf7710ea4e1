const headerBytes = 4

/** A text as it goes over the socket: its length in bytes, then itself in UTF-8. */
export function frameOf(text: string): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + Buffer.byteLength(text))
  frame.writeUInt32BE(frame.length - headerBytes)
  frame.write(text, headerBytes)
  return frame
}

/**
 * Cuts what comes over a socket into texts. Throws where a frame says that it is longer than
 * `limit` gives, before it is read.
 */
export function createFrameReader(limit: () => number, heard: (text: string) => void) {
  let parts: Buffer[] = []
  let have = 0
  /** Bytes of the frame with its header; `undefined` until the header is there. */
  let need: number | undefined
  const take = (bytes: number): Buffer => {
    const all = parts.length === 1 ? parts[0]! : Buffer.concat(parts, have)
    have -= bytes
    parts = have > 0 ? [all.subarray(bytes)] : []
    return all.subarray(0, bytes)
  }
  return (chunk: Buffer): void => {
    parts.push(chunk)
    have += chunk.length
    for (;;) {
      if (need === undefined) {
        if (have < headerBytes) return
        need = take(headerBytes).readUInt32BE()
        if (need > limit()) throw new Error(`A message of ${need} bytes is too large.`)
      }
      if (have < need) return
      const text = take(need).toString('utf8')
      need = undefined
      heard(text)
    }
  }
}
