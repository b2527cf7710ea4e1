import { existsSync } from 'node:fs'
import { allOptional, missingParts, partFormat } from '../channel/part.ts'
import { EnvoyerError } from '../errors.ts'
import { checkLibrary } from './check.ts'
import { type Choice, type Choosing, chooseEdition, chosenEdition } from './choose.ts'
import type { ChannelParts, Scope, TemplateOverride, Templates } from './contract.ts'
import { Engine } from './engine.ts'
import { invalid, locate, place } from './fault.ts'
import type { CustomFilter } from './filters.ts'
import { defaultLimits, type TemplateLimits } from './limits.ts'
import { canonicalLocale, notLocale } from './locale.ts'
import { classify, placeFile } from './place.ts'
import type { JsonSchema } from './shape.ts'
import { createShelf, type Shelf } from './shelf.ts'
import { cleanBody, type Source, sourceName } from './source.ts'

export interface TemplatesOptions {
  /** The folder of templates; without one there are overrides only. */
  readonly directory: string | undefined
  /** The locale in which the base templates are written. */
  readonly locale: string
  /** Locales to try, in order, before the base. */
  readonly fallbacks?: readonly string[]
  readonly channels: ChannelParts
  /** Every event, with the JSON Schema of what templates get, where there is one. */
  readonly schemas: Readonly<Record<string, JsonSchema | undefined>>
  /** The channels that an event names itself; `check()` reports those without templates. */
  readonly listed?: Readonly<Record<string, readonly string[]>>
  readonly filters?: Readonly<Record<string, CustomFilter>>
  readonly limits?: Partial<TemplateLimits>
}

/** How long a look at the folder lasts. */
const lookMs = 1_000
const maxChoices = 1_000

/** Reads the folder once. Throws `configuration-invalid` where the folder or the locale is none. */
export function createTemplates(options: TemplatesOptions): Templates {
  const limits = { ...defaultLimits, ...options.limits }
  const choosing = checkOptions(options)
  const shelf = createShelf(options.directory, options.channels, () => {
    chosen.clear()
    found.clear()
  })
  const chosen = remember((event, channel, asked) =>
    chooseEdition(shelf.library(), choosing, event, channel, asked),
  )
  const found = remember((event, channel, locale) =>
    chosenEdition(shelf.library(), choosing, event, channel, locale ?? ''),
  )
  shelf.look(0)
  const engines = createEngines(options, limits, shelf)
  const nameOf = (file: string) => {
    const source = shelf.library().sourceOf(file)
    return source === undefined ? file : sourceName(source)
  }

  return {
    exists: (event, channel) =>
      [...shelf.library().editions(event, channel).values()].some(({ parts }) => parts.size > 0),
    choose: (event, channel, asked) => chosen.get(event, channel, asked)?.locale,
    missing: (event, channel) => missingFiles(options, shelf, event, channel),
    render(event, channel, locale, scope) {
      const choice = found.get(event, channel, locale)
      if (choice === undefined) {
        throw new EnvoyerError('template-missing', missingFiles(options, shelf, event, channel))
      }
      const rendered: Record<string, string> = {}
      for (const [part, source] of choice.edition.parts) {
        const engine = engines[partFormat(options.channels[channel]![part]!)]
        rendered[part] = renderPart(engine, source, scope, limits, nameOf)
      }
      return rendered
    },
    text(event, channel, part, locale) {
      const own = shelf.library().editions(event, channel).get(locale.toLowerCase())
      const asked = locale === '' ? undefined : locale
      const source =
        own?.parts.get(part) ?? chosen.get(event, channel, asked)?.edition.parts.get(part)
      if (source === undefined) return undefined
      const { body, override, file } = source
      return override ? { body, source: 'database' } : { body, source: 'file', file }
    },
    override: shelf.override,
    parse(candidate) {
      const source = candidateSource(candidate, options)
      if (typeof source === 'string') return source
      const format = partFormat(options.channels[candidate.channel]![candidate.part]!)
      try {
        engines[format].compile(source)
        return undefined
      } catch (error) {
        return place(locate(error, source.file, limits), () => sourceName(source))
      }
    },
    async refresh() {
      shelf.look(lookMs)
    },
    async check() {
      shelf.look(0)
      const library = shelf.library()
      return checkLibrary({ ...options, library, choosing, engines, limits, nameOf })
    },
  }
}

type Find = (event: string, channel: string, locale: string | undefined) => Choice | undefined

/** The answers of `find`, kept until a template changes. */
function remember(find: Find): { get: Find; clear(): void } {
  const answers = new Map<string, Choice | undefined>()
  return {
    get(event, channel, locale) {
      const key = `${event}\n${channel}\n${locale ?? ''}`
      const known = answers.get(key)
      if (known !== undefined) return known
      const answer = find(event, channel, locale)
      // Locales come from users: without an end the memory of them would grow for ever.
      if (answers.size >= maxChoices) answers.clear()
      answers.set(key, answer)
      return answer
    },
    clear: () => answers.clear(),
  }
}

function checkOptions({ directory, locale, fallbacks = [], channels }: TemplatesOptions): Choosing {
  const problems = [locale, ...fallbacks]
    .filter((tag) => canonicalLocale(tag) === undefined)
    .map((tag) => `locale: ${notLocale(tag)}`)
  if (directory !== undefined && !existsSync(directory)) {
    problems.push(`templates: there is no folder ${directory}`)
  }
  if (problems.length > 0) throw new EnvoyerError('configuration-invalid', problems)
  return { channels, own: canonicalLocale(locale)!, fallbacks }
}

function createEngines(options: TemplatesOptions, limits: TemplateLimits, shelf: Shelf) {
  const shared = {
    limits,
    filters: options.filters ?? {},
    find: (name: string, from: string) => shelf.library().helper(name, from),
  }
  return {
    text: new Engine({ ...shared, format: 'text' }),
    html: new Engine({ ...shared, format: 'html' }),
  }
}

function renderPart(
  engine: Engine,
  source: Source,
  { context, ...provided }: Scope,
  limits: TemplateLimits,
  nameOf: (file: string) => string,
): string {
  try {
    // A fresh object for each part: `increment` writes into it.
    return engine.renderSource(source, { ...context, ...provided }, provided)
  } catch (error) {
    throw invalid(error, source.file, limits, nameOf)
  }
}

/** What would make a message complete; of a channel that can do without any, what would make one. */
function missingFiles(
  { channels, directory }: TemplatesOptions,
  shelf: Shelf,
  event: string,
  channel: string,
): string[] {
  const parts = channels[channel] ?? {}
  const base = shelf.library().editions(event, channel).get('')
  const folder = (directory ?? 'templates').replace(/^\.\//, '').replace(/\/$/, '')
  const nowhere = directory === undefined ? ' (`templates` names no folder)' : ''
  const missing = allOptional(parts)
    ? [Object.keys(parts).join('|')]
    : missingParts(parts, (part) => base?.parts.has(part) ?? false)
  return missing.map(
    (names) =>
      names
        .split('|')
        .map((part) => `${folder}/${placeFile({ event, channel, part, locale: '' })}`)
        .join(' or ') + nowhere,
  )
}

/** The source that an override would be, or why there is no place for it. */
function candidateSource(candidate: TemplateOverride, options: TemplatesOptions): Source | string {
  const { event, channel, part, locale, body } = candidate
  if (!Object.hasOwn(options.schemas, event)) return `there is no event \`${event}\``
  const tag = locale === '' ? '' : canonicalLocale(locale)
  if (tag === undefined) return `\`${locale}\` is not a language tag such as \`pt-BR\``
  const file = placeFile({ event, channel, part, locale: tag })
  const found = classify(file, options.channels)
  if (found.kind === 'stray') return `${file}: ${found.why}`
  return { file, body: cleanBody(body), override: true }
}
