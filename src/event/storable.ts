import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Json } from './json.ts'

/** Names that templates use for themselves; no context may have them. */
export const reservedKeys = ['recipient', 'recipients', 'envoyer'] as const
type ReservedKey = (typeof reservedKeys)[number]

type Plain = string | number | boolean | null | undefined

/** What JSON loses or changes. `toJSON` tells of Date, URL, Temporal, Buffer and the like. */
type Lost =
  | bigint
  | symbol
  | ((...args: never) => unknown)
  | (abstract new (
      ...args: never
    ) => unknown)
  | { toJSON(...args: never): unknown }
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | RegExp
  | PromiseLike<unknown>
  | ArrayBuffer
  | ArrayBufferView

/**
 * `T` with `never` in place of what cannot live as JSON. `any` and `unknown` are let through: they
 * are checked at run time. Compared as a whole, so that types that contain themselves come to an end.
 */
type AsJson<T> = unknown extends T
  ? T
  : T extends Plain | Json
    ? T
    : T extends Lost
      ? never
      : T extends object
        ? { [K in keyof T]: AsJson<T[K]> }
        : never

/** The paths of what cannot live as JSON, down to five levels. */
type LostPath<T, Path extends string = '', Depth extends readonly unknown[] = []> = [T] extends [
  AsJson<T>,
]
  ? never
  : Depth['length'] extends 5
    ? Path
    : T extends Plain
      ? never
      : T extends Lost
        ? Path
        : T extends readonly (infer Item)[]
          ? LostPath<Item, `${Path}[]`, [...Depth, unknown]>
          : {
              [K in keyof T & string]-?: LostPath<T[K], Below<Path, K>, [...Depth, unknown]>
            }[keyof T & string]

type Below<Path extends string, Key extends string> = Path extends ''
  ? KeyName<Key>
  : `${Path}.${KeyName<Key>}`
type KeyName<Key extends string> = string extends Key ? '*' : Key

type ReservedIn<Input> = string extends keyof Input ? never : ReservedKey & keyof Input

type ContextProblem<Input> = unknown extends Input
  ? never
  : Input extends readonly unknown[] | Plain
    ? 'the context must be an object'
    : [Input] extends [AsJson<Input>]
      ? [ReservedIn<Input>] extends [never]
        ? never
        : `the context key "${ReservedIn<Input>}" is reserved for templates`
      : `the context's "${LostPath<Input>}" cannot be stored as JSON`

/** Nothing where the schema's input can be stored; else what is wrong, as the type of `context`. */
export type Storable<Schema extends StandardSchemaV1> = [
  ContextProblem<StandardSchemaV1.InferInput<Schema>>,
] extends [never]
  ? unknown
  : { readonly context: ContextProblem<StandardSchemaV1.InferInput<Schema>> }
