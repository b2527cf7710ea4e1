import { LiquidError } from 'liquidjs'
import { missingParts, type PartFormat, partFormat } from '../channel/part.ts'
import { type Choosing, chooseEdition, isComplete } from './choose.ts'
import type { TemplateProblem } from './contract.ts'
import type { Engine } from './engine.ts'
import { Fault, locate } from './fault.ts'
import type { Edition, Library } from './library.ts'
import type { TemplateLimits } from './limits.ts'
import { placeFile } from './place.ts'
import { anyShape, closedShape, type JsonSchema, type Shape, schemaShape } from './shape.ts'
import { type Source, sourceName } from './source.ts'
import { findUnknown } from './variables.ts'

export interface Checking {
  readonly library: Library
  readonly choosing: Choosing
  readonly schemas: Readonly<Record<string, JsonSchema | undefined>>
  readonly listed?: Readonly<Record<string, readonly string[]>>
  readonly engines: Readonly<Record<PartFormat, Engine>>
  readonly limits: TemplateLimits
  readonly nameOf: (file: string) => string
}

/** All that is wrong with the templates, by file and line. */
export function checkLibrary(checking: Checking): TemplateProblem[] {
  const problems = [
    ...checking.library.strays.map(
      ({ file, why }): TemplateProblem => ({ code: 'unknown-file', file, message: `${why}.` }),
    ),
    ...unknownEvents(checking),
    ...incomplete(checking),
    ...sourceProblems(checking),
  ]
  const unique = new Map(problems.map((problem) => [JSON.stringify(problem), problem]))
  return [...unique.values()].sort(
    (a, b) =>
      compare(a.file, b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      compare(a.code, b.code) ||
      compare(a.message, b.message),
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function unknownEvents({ library, schemas }: Checking): TemplateProblem[] {
  const names = new Set(library.messages().map(({ event }) => event))
  return [...names]
    .filter((event) => !Object.hasOwn(schemas, event))
    .map((event) => ({
      code: 'unknown-file',
      file: event,
      message: `no event \`${event}\` is configured, so its templates are never used.`,
    }))
}

/** Editions that want a part, and messages that nothing complete stands for. */
function incomplete({ library, choosing, schemas, listed = {} }: Checking): TemplateProblem[] {
  const problems: TemplateProblem[] = []
  const report = (event: string, channel: string, edition: Edition, why: string) => {
    for (const names of missingParts(choosing.channels[channel]!, (name) =>
      edition.parts.has(name),
    )) {
      const parts = names.split('|')
      const places = parts.map((part) =>
        placeFile({ event, channel, part, locale: edition.locale }),
      )
      const of = edition.locale === '' ? event : `${edition.locale} of ${event}`
      const what = parts.map((part) => `${channel}.${part}`).join(' and no ')
      const message = `${of} has no ${what}${why}.`
      problems.push({ code: 'missing-part', file: places[0]!, message })
    }
  }
  const wanted = Object.entries(listed).flatMap(([event, channels]) =>
    channels.map((channel) => ({ event, channel })),
  )
  for (const { event, channel } of [...library.messages(), ...wanted]) {
    const specs = choosing.channels[channel]
    if (specs === undefined || !Object.hasOwn(schemas, event)) continue
    const editions = library.editions(event, channel)
    for (const edition of editions.values()) {
      if (edition.parts.size > 0 && !isComplete(specs, edition)) {
        report(event, channel, edition, ', so it is never used')
      }
    }
    const base = editions.get('') ?? { locale: '', parts: new Map() }
    const none = chooseEdition(library, choosing, event, channel, undefined) === undefined
    if (none && base.parts.size === 0) {
      report(event, channel, base, editions.size > 0 ? ' for recipients of any other language' : '')
    }
  }
  return problems
}

function sourceProblems(checking: Checking): TemplateProblem[] {
  const { library, choosing, engines, schemas } = checking
  const problems = library.helpers.flatMap((source) => syntax(checking, engines.text, source))
  for (const { event, channel } of library.messages()) {
    for (const { parts } of library.editions(event, channel).values()) {
      for (const [part, source] of parts) {
        const engine = engines[partFormat(choosing.channels[channel]![part]!)]
        const wrong = syntax(checking, engine, source)
        problems.push(...wrong)
        if (wrong.length === 0 && Object.hasOwn(schemas, event)) {
          problems.push(...variables(checking, engine, source, event))
        }
      }
    }
  }
  return problems
}

function syntax(checking: Checking, engine: Engine, source: Source): TemplateProblem[] {
  try {
    engine.compile(source)
    return []
  } catch (error) {
    return [syntaxProblem(checking, error, source)]
  }
}

function syntaxProblem(
  { limits, nameOf }: Checking,
  error: unknown,
  source: Source,
  line?: number,
): TemplateProblem {
  const found = locate(error, source.file, limits)
  const at = found.line ?? line
  return {
    code: 'syntax',
    file: nameOf(found.file),
    ...(at === undefined ? {} : { line: at }),
    message: `${found.message}.`,
  }
}

const envoyerShape = closedShape({
  event: anyShape,
  channel: anyShape,
  locale: anyShape,
  tz: anyShape,
  now: anyShape,
  delivery: anyShape,
})

const provided: ReadonlyMap<string, Shape> = new Map([
  ['envoyer', envoyerShape],
  ['recipient', anyShape],
  ['recipients', anyShape],
])

function variables(
  checking: Checking,
  engine: Engine,
  source: Source,
  event: string,
): TemplateProblem[] {
  const schema = checking.schemas[event]
  const context = schema === undefined ? anyShape : schemaShape(schema)
  const found = findUnknown(engine.compile(source), { file: source.file, context, provided })
  return found.flatMap((finding): TemplateProblem[] => {
    const file = checking.nameOf(finding.file)
    const { line } = finding
    if (finding.kind === 'unresolved') {
      // A partial with a mistake of its own is reported at that partial.
      if (LiquidError.is(finding.cause)) return []
      const message =
        finding.cause instanceof Fault ? finding.cause.message : 'it cannot be followed'
      return [{ code: 'syntax', file, line, message: `${message}.` }]
    }
    const where = finding.file === source.file ? '' : `, as used by ${sourceName(source)}`
    return [{ code: 'unknown-variable', file, line, message: `${finding.message}${where}.` }]
  })
}
