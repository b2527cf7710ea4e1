import { EnvoyerError, type ErrorCode, errorTable, toError } from '../errors.ts'

/** Marks, as the only key of an object, what JSON has no word for. */
const mark = '$'
const deepest = 200

export type Callback = (...args: unknown[]) => Promise<unknown>

/** What stands for functions and signals, which stay where they are. */
export interface Packing {
  /** Keeps a function to be called from the other end; gives its number. */
  keep?(callback: (...args: unknown[]) => unknown): number
}
export interface Unpacking {
  /** Calls the function that the other end keeps under a number. */
  callback?(number: number): Callback
  /** Aborted where the other end's is. */
  readonly signal?: AbortSignal
}

/** Makes JSON of a value so that dates, `undefined` and the like come out of it as they were. */
export function pack(value: unknown, packing: Packing = {}, depth = 0): unknown {
  if (depth > deepest) throw new EnvoyerError('option-invalid', 'a value refers to itself')
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : { [mark]: ['number', String(value)] }
    case 'undefined':
      return { [mark]: ['undefined'] }
    case 'bigint':
      return { [mark]: ['bigint', String(value)] }
    case 'object':
      return packObject(value, packing, depth)
    case 'function':
      if (packing.keep) return { [mark]: ['call', packing.keep(value as never)] }
  }
  throw new EnvoyerError('option-invalid', `a ${typeof value} cannot leave its process`)
}

function packObject(value: object | null, packing: Packing, depth: number): unknown {
  if (value === null) return null
  if (Array.isArray(value)) return value.map((item) => pack(item, packing, depth + 1))
  if (value instanceof Date) {
    const ms = value.getTime()
    return { [mark]: ['date', Number.isNaN(ms) ? null : ms] }
  }
  if (value instanceof AbortSignal) return { [mark]: ['signal'] }
  if (value instanceof Error) return { [mark]: ['error', packError(value)] }
  const entries = Object.entries(value).map(([key, item]) => [key, pack(item, packing, depth + 1)])
  const packed = Object.fromEntries(entries) as Record<string, unknown>
  return Object.hasOwn(packed, mark) ? { [mark]: ['object', packed] } : packed
}

/** The value again that `pack` was given. */
export function unpack(packed: unknown, unpacking: Unpacking = {}): unknown {
  if (packed === null || typeof packed !== 'object') return packed
  if (Array.isArray(packed)) return packed.map((item) => unpack(item, unpacking))
  const marked = (packed as Record<string, unknown>)[mark]
  if (Array.isArray(marked)) return unpackMarked(marked, unpacking)
  return unpackEntries(packed, unpacking)
}

const unpackEntries = (packed: object, unpacking: Unpacking) =>
  Object.fromEntries(Object.entries(packed).map(([key, item]) => [key, unpack(item, unpacking)]))

function unpackMarked([kind, what]: readonly unknown[], unpacking: Unpacking): unknown {
  switch (kind) {
    case 'undefined':
      return undefined
    case 'number':
      return Number(what)
    case 'bigint':
      return BigInt(String(what))
    case 'date':
      return new Date(what === null ? Number.NaN : Number(what))
    case 'object':
      return unpackEntries(what as object, unpacking)
    case 'error':
      return unpackError(what as PackedError)
    case 'signal':
      return unpacking.signal
    case 'call':
      return unpacking.callback?.(Number(what))
    default:
      throw new Error(`unknown mark ${String(kind)}`)
  }
}

export interface PackedError {
  readonly name: string
  readonly message: string
  readonly code?: unknown
  readonly problems?: readonly string[]
}

export function packError(thrown: unknown): PackedError {
  const error = toError(thrown)
  const { name, message } = error
  if (error instanceof EnvoyerError) {
    return { name, message, code: error.code, problems: error.problems }
  }
  const { code } = error as { code?: unknown }
  return {
    name,
    message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
  }
}

/** The error as it would have been thrown here. */
export function unpackError({ name, message, code, problems }: PackedError): Error {
  if (name === 'EnvoyerError' && problems && Object.hasOwn(errorTable, String(code))) {
    return new EnvoyerError(code as ErrorCode, problems)
  }
  const error = Object.assign(new Error(message), code === undefined ? {} : { code })
  Object.defineProperty(error, 'name', { value: name, configurable: true, enumerable: false })
  return error
}
