import type { ChannelParts, TemplateOverride } from './contract.ts'
import type { Listing } from './directory.ts'
import { canonicalLocale } from './locale.ts'
import { classify, type Place, placeFile } from './place.ts'
import { cleanBody, type Source } from './source.ts'

/** The parts of one event's message for one channel in one language. */
export interface Edition {
  /** '' for the base. */
  readonly locale: string
  readonly parts: ReadonlyMap<string, Source>
}

export interface Library {
  /** By locale in lower case. */
  editions(event: string, channel: string): ReadonlyMap<string, Edition>
  /** Every pair of event and channel that has any template. */
  messages(): { event: string; channel: string }[]
  helper(name: string, from: string): Source | undefined
  readonly helpers: readonly Source[]
  readonly strays: readonly { readonly file: string; readonly why: string }[]
  sourceOf(file: string): Source | undefined
}

const none: ReadonlyMap<string, Edition> = new Map()

/**
 * Orders templates by what they are for. A source whose text is unchanged stays the same object, so
 * that its parsed form is kept; `before` is where unchanged ones are looked for.
 */
export function buildLibrary(
  listing: Listing,
  overrides: readonly TemplateOverride[],
  channels: ChannelParts,
  before: Library | undefined,
): Library {
  const editions = new Map<string, Map<string, MutableEdition>>()
  const helpers = new Map<string, Source>()
  const all = new Map<string, Source>()
  const strays = [...listing.strays].map(([file, why]) => ({ file, why }))
  const keep = (file: string, body: string, override: boolean): Source => {
    const known = before?.sourceOf(file)
    const same = known?.body === body && known.override === override
    const source = same ? known : { file, body, override }
    all.set(file, source)
    return source
  }
  for (const [file, { body }] of listing.files) {
    const found = classify(file, channels)
    if (found.kind === 'stray') strays.push({ file, why: found.why })
    else if (found.kind === 'helper') helpers.set(file, keep(file, body, false))
    else {
      const taken = put(editions, found.place, keep(file, body, false))
      if (taken !== undefined) strays.push({ file, why: `it is for the same language as ${taken}` })
    }
  }
  for (const { body, ...place } of overrides) {
    const locale = place.locale === '' ? '' : canonicalLocale(place.locale)
    const file = placeFile({ ...place, locale: locale ?? place.locale })
    const found = classify(file, channels)
    if (found.kind === 'stray') strays.push({ file: `${file} (override)`, why: found.why })
    if (found.kind !== 'part') continue
    put(editions, found.place, keep(file, cleanBody(body), true))
  }
  return library(editions, helpers, all, strays)
}

interface MutableEdition extends Edition {
  readonly parts: Map<string, Source>
}

/** Returns the file that has the place already; an override takes it all the same. */
function put(
  editions: Map<string, Map<string, MutableEdition>>,
  { event, channel, part, locale }: Place,
  source: Source,
): string | undefined {
  const message = getOr(editions, messageKey(event, channel), () => new Map())
  const edition = getOr(message, locale.toLowerCase(), () => ({ locale, parts: new Map() }))
  const taken = edition.parts.get(part)
  if (taken !== undefined && !source.override) return taken.file
  edition.parts.set(part, source)
  return undefined
}

function library(
  editions: ReadonlyMap<string, ReadonlyMap<string, Edition>>,
  helpers: ReadonlyMap<string, Source>,
  all: ReadonlyMap<string, Source>,
  strays: Library['strays'],
): Library {
  return {
    editions: (event, channel) => editions.get(messageKey(event, channel)) ?? none,
    messages: () =>
      [...editions.keys()].map((key) => {
        const [event, channel] = key.split('\n')
        return { event: event!, channel: channel! }
      }),
    helper: (name, from) => findHelper(helpers, name, from),
    helpers: [...helpers.values()],
    strays,
    sourceOf: (file) => all.get(file),
  }
}

/**
 * The helper that a template in `from` means by `name`: looked for in its own folder, then in each
 * folder above it, as `_name.liquid`, `_partials/name.liquid` or `_layouts/name.liquid`.
 */
function findHelper(
  helpers: ReadonlyMap<string, Source>,
  name: string,
  from: string,
): Source | undefined {
  const bare = name.replace(/^\.\//, '').replace(/\.liquid$/, '')
  const folders = from.split('/').slice(0, -1)
  for (let depth = folders.length; depth >= 0; depth -= 1) {
    const folder = folders.slice(0, depth).map((part) => `${part}/`)
    for (const way of [bare, `_${bare}`, `_partials/${bare}`, `_layouts/${bare}`]) {
      const found = helpers.get(`${folder.join('')}${way}.liquid`)
      if (found !== undefined) return found
    }
  }
  return undefined
}

function messageKey(event: string, channel: string): string {
  return `${event}\n${channel}`
}

function getOr<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
