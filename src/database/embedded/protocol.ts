/**
 * The few messages of the PostgreSQL protocol that are read or written here
 * (https://www.postgresql.org/docs/18/protocol-message-formats.html).
 */
const utf8 = new TextDecoder()

/** One message: a type byte, and its payload without the length. */
export interface Message {
  readonly type: string
  readonly payload: Buffer
}

/** The messages of a complete sequence of bytes. */
export function* messages(bytes: Uint8Array): Generator<Message> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  while (at + 5 <= buffer.length) {
    const end = at + 1 + buffer.readInt32BE(at + 1)
    yield { type: String.fromCharCode(buffer[at]!), payload: buffer.subarray(at + 5, end) }
    at = end
  }
}

export function message(type: string, ...parts: (string | Uint8Array)[]): Buffer {
  const payload = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)),
  )
  const head = Buffer.alloc(5)
  head.write(type, 0, 'latin1')
  head.writeInt32BE(payload.length + 4, 1)
  return Buffer.concat([head, payload])
}

export const authenticationOk = message('R', Buffer.from([0, 0, 0, 0]))
export const parseComplete = message('1')
export const bindComplete = message('2')
export const noData = message('n')

/** `I` idle, `T` in a transaction, `E` in a failed one. */
export function readyForQuery(status: 'I' | 'T' | 'E'): Buffer {
  return message('Z', Buffer.from(status))
}

export function commandComplete(tag: string): Buffer {
  return message('C', tag)
}

export function simpleQuery(sql: string): Buffer {
  return message('Q', sql)
}

export function errorResponse(code: string, text: string): Buffer {
  const fields = { S: 'ERROR', V: 'ERROR', C: code, M: text }
  const parts = Object.entries(fields).map(([field, value]) => Buffer.from(`${field}${value}\0`))
  return message('E', ...parts, Buffer.from([0]))
}

/** The text of an ErrorResponse: its field `M`. */
export function errorText(payload: Buffer): string {
  const fields = utf8.decode(payload).split('\0')
  return fields.find((field) => field.startsWith('M'))?.slice(1) ?? 'unknown error'
}

/** The values of a DataRow in text format. */
export function dataRow(payload: Buffer): (string | null)[] {
  const values: (string | null)[] = []
  let at = 2
  for (let left = payload.readInt16BE(0); left > 0; left--) {
    const length = payload.readInt32BE(at)
    at += 4
    values.push(length < 0 ? null : utf8.decode(payload.subarray(at, at + length)))
    at += Math.max(length, 0)
  }
  return values
}

/** The statement that a front-end message carries: Query or Parse. */
export function statementOf({ type, payload }: Message): string | undefined {
  if (type === 'Q') return utf8.decode(payload.subarray(0, -1))
  if (type !== 'P') return undefined
  const start = payload.indexOf(0) + 1
  return utf8.decode(payload.subarray(start, payload.indexOf(0, start)))
}
