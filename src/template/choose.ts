import { missingParts, type PartSpecs } from '../channel/part.ts'
import type { Edition, Library } from './library.ts'
import { localeChain, sameLanguage } from './locale.ts'

export interface Choosing {
  readonly channels: Readonly<Record<string, PartSpecs>>
  /** The envoyer's own locale, in which the base is written. */
  readonly own: string
  readonly fallbacks: readonly string[]
}

export interface Choice {
  readonly locale: string
  readonly edition: Edition
}

export function isComplete(parts: PartSpecs, edition: Edition): boolean {
  return missingParts(parts, (part) => edition.parts.has(part)).length === 0
}

/**
 * The first edition with all required parts: of the locale asked for and what may stand for it, of
 * each fallback likewise, then the base. Parts of two languages are never mixed.
 */
export function chooseEdition(
  library: Library,
  options: Choosing,
  event: string,
  channel: string,
  asked: string | undefined,
): Choice | undefined {
  const specs = options.channels[channel]
  if (specs === undefined) return undefined
  const editions = library.editions(event, channel)
  // Where no part is required an edition without any is complete, but says nothing.
  const filled = (edition: Edition | undefined): edition is Edition =>
    edition !== undefined && edition.parts.size > 0 && isComplete(specs, edition)
  const base = editions.get('') ?? { locale: '', parts: new Map() }
  const own = ownEdition(editions, options.own, filled) ?? base
  for (const wanted of [asked, ...options.fallbacks]) {
    const chain = localeChain(wanted)
    for (const candidate of chain) {
      const edition = editions.get(candidate.toLowerCase())
      if (filled(edition)) return { locale: edition.locale, edition }
      if (filled(own) && serves(options.own, candidate, chain))
        return { locale: options.own, edition: own }
    }
  }
  return isComplete(specs, own) ? { locale: options.own, edition: own } : undefined
}

/** The edition that a locale chosen before stands for, if it is still there. */
export function chosenEdition(
  library: Library,
  options: Choosing,
  event: string,
  channel: string,
  locale: string,
): Choice | undefined {
  const specs = options.channels[channel]
  const edition = library.editions(event, channel).get(locale.toLowerCase())
  if (specs !== undefined && edition !== undefined && edition.parts.size > 0) {
    if (isComplete(specs, edition)) return { locale, edition }
  }
  return chooseEdition(library, options, event, channel, locale)
}

/** A folder named as the envoyer's own locale comes before the base. */
function ownEdition(
  editions: ReadonlyMap<string, Edition>,
  own: string,
  filled: (edition: Edition | undefined) => edition is Edition,
): Edition | undefined {
  const named = editions.get(own.toLowerCase())
  return filled(named) ? named : undefined
}

/** The base serves its own locale, and at the end of a chain every other one of its language. */
function serves(own: string, candidate: string, chain: readonly string[]): boolean {
  if (candidate.toLowerCase() === own.toLowerCase()) return true
  return candidate === chain.at(-1) && sameLanguage(chain[0]!, own)
}
