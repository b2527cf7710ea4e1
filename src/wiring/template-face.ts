import { EnvoyerError } from '../errors.ts'
import type { TemplateOverride, TemplateProblem, TemplateText } from '../template/contract.ts'
import { exportOverrides } from '../template/export.ts'
import { canonicalLocale, notLocale } from '../template/index.ts'
import type { OperateParts } from './operate-parts.ts'
import { createPreview, type Preview, type PreviewOptions } from './preview.ts'

export interface Exported {
  /** The files that hold now what the database holds; relative to the folder. */
  readonly written: string[]
  /** Other files at such places, which were left as they are. */
  readonly kept: string[]
}

/** Texts of templates kept in the database, which win over the files. */
export interface TemplateFace<EventName extends string, PartNames extends Record<string, string>> {
  /** Throws `template-unknown`, or `template-invalid` where it cannot be parsed. */
  set<Name extends keyof PartNames & string>(
    event: EventName,
    channel: Name,
    part: PartNames[Name],
    body: string,
    options?: { locale?: string },
  ): Promise<void>
  /** Back to the files: one part, or all of the event's for the channel. Gives how many there were. */
  reset<Name extends keyof PartNames & string>(
    event: EventName,
    channel: Name,
    part?: PartNames[Name],
    options?: { locale?: string },
  ): Promise<number>
  /** What is kept in the database. */
  list(): Promise<TemplateOverride[]>
  /** Missing parts, syntax errors, variables that the event's schema does not have. */
  check(): Promise<TemplateProblem[]>
  /**
   * Renders as a message would be, and sends nothing. Throws `template-invalid` with file and line,
   * `template-missing`, `context-invalid`; `sample-impossible` where there is no `context` and none
   * can be made from the schema.
   */
  preview<Name extends keyof PartNames & string>(
    event: EventName,
    channel: Name,
    options?: PreviewOptions,
  ): Promise<Preview>
  /**
   * Writes the texts kept in the database as files into a folder, as the templates' folder is laid
   * out. A different file is overwritten only where `overwrite` says so.
   */
  export(folder: string, options?: { overwrite?: boolean }): Promise<Exported>
  /**
   * The text that holds for one part now: at the place of the locale (without one, the base), or
   * else the one that a message in this locale is made of.
   */
  get<Name extends keyof PartNames & string>(
    event: EventName,
    channel: Name,
    part: PartNames[Name],
    options?: { locale?: string },
  ): Promise<TemplateText | undefined>
}

/** One spelling a locale, so that `pt_BR` and `pt-br` are one place. */
function canonical(locale: string): string {
  const tag = locale === '' ? '' : canonicalLocale(locale)
  if (tag === undefined)
    throw new EnvoyerError('option-invalid', `\`locale\`: ${notLocale(locale)}`)
  return tag
}

export function createTemplateFace(
  parts: OperateParts,
): TemplateFace<string, Record<string, string>> {
  const { configuration, settings } = parts
  const known = (event: string, channel: string, part: string | undefined) => {
    const { events, channels } = configuration
    const refuse = (kind: string, name: string, all: object): never => {
      const names = Object.keys(all).join(', ')
      throw new EnvoyerError('template-unknown', `no ${kind} is "${name}"; there are ${names}`)
    }
    if (!Object.hasOwn(events, event)) refuse('event', event, events)
    if (!Object.hasOwn(channels, channel)) refuse('channel', channel, channels)
    const { parts: specs } = channels[channel]!.definition
    if (part !== undefined && !Object.hasOwn(specs, part)) {
      refuse(`part of ${channel}`, part, specs)
    }
  }
  return {
    async set(event, channel, part, body, { locale = '' } = {}) {
      known(event, channel, part)
      const override = { event, channel, part, locale: canonical(locale), body }
      const templates = parts.templates()
      const problem = templates.parse(override)
      if (problem !== undefined) throw new EnvoyerError('template-invalid', problem)
      await settings.setTemplate(override)
    },
    async reset(event, channel, part, { locale } = {}) {
      known(event, channel, part)
      return settings.resetTemplate({
        event,
        channel,
        ...(part === undefined ? {} : { part }),
        ...(locale === undefined ? {} : { locale: canonical(locale) }),
      })
    },
    list: () => settings.templates(),
    async check() {
      await settings.refresh()
      const templates = parts.templates()
      await templates.refresh()
      return templates.check()
    },
    preview: createPreview(parts, canonical),
    async export(folder, { overwrite = false } = {}) {
      return exportOverrides(await settings.templates(), folder, overwrite ? 'overwrite' : 'keep')
    },
    async get(event, channel, part, { locale = '' } = {}) {
      known(event, channel, part)
      const tag = canonical(locale)
      await settings.refreshNow()
      const templates = parts.templates()
      await templates.refresh()
      return templates.text(event, channel, part, tag)
    },
  }
}
