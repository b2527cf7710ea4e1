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
