/** Reads a tar in the ustar format, as far as PGlite writes it: plain files and directories. */
export interface TarEntry {
  readonly path: string
  readonly directory: boolean
  readonly content: Buffer
}

const blockBytes = 512

export function* readTar(tar: Buffer): Generator<TarEntry> {
  let at = 0
  while (at + blockBytes <= tar.length) {
    const header = tar.subarray(at, at + blockBytes)
    const name = text(header, 0, 100)
    if (name === '') return
    const prefix = text(header, 345, 155)
    const size = Number.parseInt(text(header, 124, 12), 8) || 0
    at += blockBytes
    yield {
      path: prefix === '' ? name : `${prefix}/${name}`,
      directory: header[156] === '5'.charCodeAt(0),
      content: tar.subarray(at, at + size),
    }
    at += Math.ceil(size / blockBytes) * blockBytes
  }
}

function text(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? length : end).trim()
}

/** Writes entries as a tar; the counterpart of `readTar`, for what PGlite reads. */
export function writeTar(entries: Iterable<TarEntry>): Buffer {
  const blocks: Buffer[] = []
  for (const { path, directory, content } of entries) {
    if (Buffer.byteLength(path) > 100) throw new Error(`Too long a path for this tar: ${path}`)
    const header = Buffer.alloc(blockBytes)
    const octal = (value: number, at: number, length: number) =>
      header.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1')
    header.write(path, 0, 'utf8')
    octal(directory ? 0o700 : 0o600, 100, 8)
    octal(0, 108, 8)
    octal(0, 116, 8)
    octal(content.length, 124, 12)
    octal(0, 136, 12)
    // The checksum is taken with spaces in its own place.
    header.fill(' ', 148, 156)
    header.write(directory ? '5' : '0', 156, 'latin1')
    header.write('ustar\x0000', 257, 'latin1')
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      148,
      8,
    )
    blocks.push(header, content, Buffer.alloc(-content.length & (blockBytes - 1)))
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)])
}
