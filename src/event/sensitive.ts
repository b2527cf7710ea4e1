import type { EventDefinition } from './define.ts'
import type { JsonObject } from './json.ts'

/** A context in two parts: what may be read at rest, and what may not. */
export interface Parted {
  readonly plain: JsonObject
  /** `undefined` where nothing is sensitive. */
  readonly secret: JsonObject | undefined
}

/** Takes what is sensitive out of a context. */
export function partContext({ sensitive }: EventDefinition, context: JsonObject): Parted {
  if (sensitive === undefined) return { plain: context, secret: undefined }
  if (sensitive === true) return { plain: {}, secret: context }
  const keys = Object.entries(context)
  const pick = (wanted: boolean): JsonObject =>
    Object.fromEntries(keys.filter(([key]) => sensitive.includes(key) === wanted))
  return { plain: pick(false), secret: pick(true) }
}
