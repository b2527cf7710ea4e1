/**
 * Whether a message can do without a part: `required`; `alternative`: at least one of the parts
 * marked so; `optional`.
 */
export type PartNeed = 'required' | 'alternative' | 'optional'

/** `html`: what templates print into it is HTML-escaped. `text` (default): nothing is. */
export type PartFormat = 'text' | 'html'

export interface PartSpec {
  readonly need: PartNeed
  readonly format?: PartFormat
}

export type PartSpecs = Readonly<Record<string, PartNeed | PartSpec>>

type NeedOf<S> = S extends PartSpec ? S['need'] : S
type RequiredParts<P> = { [K in keyof P]: NeedOf<P[K]> extends 'required' ? K : never }[keyof P]

/** The parts of a message once rendered: text by part name. */
export type Rendered<P extends PartSpecs> = {
  readonly [K in RequiredParts<P>]: string
} & { readonly [K in Exclude<keyof P, RequiredParts<P>>]?: string }

export function partNeed(spec: PartNeed | PartSpec): PartNeed {
  return typeof spec === 'string' ? spec : spec.need
}

export function partFormat(spec: PartNeed | PartSpec): PartFormat {
  return typeof spec === 'string' ? 'text' : (spec.format ?? 'text')
}

/** True where a channel can send without any template. */
export function allOptional(parts: PartSpecs): boolean {
  return Object.values(parts).every((spec) => partNeed(spec) === 'optional')
}

/**
 * Which parts are wanting for a complete message: the names of missing required parts, and of all
 * alternatives joined by `|` where none of them is there. Empty means complete.
 */
export function missingParts(parts: PartSpecs, present: (part: string) => boolean): string[] {
  const names = (need: PartNeed) =>
    Object.keys(parts).filter((name) => partNeed(parts[name]!) === need)
  const missing = names('required').filter((name) => !present(name))
  const alternatives = names('alternative')
  if (alternatives.length > 0 && !alternatives.some(present)) missing.push(alternatives.join('|'))
  return missing
}
