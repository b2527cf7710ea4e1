import type { PartSpecs } from '../channel/part.ts'

/** What a template can use: the event's context at top level, and these names. */
export interface Scope {
  readonly context: Readonly<Record<string, unknown>>
  /** What is stored of the recipient; of a group, of the first. */
  readonly recipient: Readonly<Record<string, unknown>>
  /** Of all in a group; else of the one. */
  readonly recipients: readonly Readonly<Record<string, unknown>>[]
  readonly envoyer: {
    readonly event: string
    readonly channel: string
    readonly locale: string
    /** IANA zone of the recipient. */
    readonly tz: string
    readonly now: Date
    /** The delivery's id. */
    readonly delivery: string
  }
}

/** A part's text kept in the database, which wins over the file of the same place. */
export interface TemplateOverride {
  readonly event: string
  readonly channel: string
  readonly part: string
  /** '' for the base, which belongs to no locale folder. */
  readonly locale: string
  readonly body: string
}

/** The text of one part, as it holds now. */
export interface TemplateText {
  readonly body: string
  readonly source: 'database' | 'file'
  /** Of a file, where it is in the templates' folder. */
  readonly file?: string
}

export interface TemplateProblem {
  readonly code: 'missing-part' | 'syntax' | 'unknown-variable' | 'unknown-file'
  /** The file (or override) it is about, relative to the templates' folder. */
  readonly file: string
  readonly line?: number
  readonly message: string
}

/** The channels' side of what templates need to know. */
export type ChannelParts = Readonly<Record<string, PartSpecs>>

export interface Templates {
  /** True where the event has any template, file or override, for the channel. */
  exists(event: string, channel: string): boolean
  /**
   * The locale of a message: the first of `asked`, its language, the configured fallbacks and the
   * base that has every required part; the base counts as the envoyer's own locale.
   * `undefined` where none is complete.
   */
  choose(event: string, channel: string, asked: string | undefined): string | undefined
  /**
   * The files that would make the event's base template for the channel complete; where it needs none,
   * those that it could have.
   */
  missing(event: string, channel: string): string[]
  /**
   * Renders the parts that have a template in the locale chosen. Where that locale has been taken
   * away since, the next best one is rendered. Throws `template-invalid`, `template-missing`.
   */
  render(event: string, channel: string, locale: string, scope: Scope): Record<string, string>
  /**
   * The text at the place of `locale` ('' for the base); where there is none, the one that a message
   * in this locale is made of.
   */
  text(event: string, channel: string, part: string, locale: string): TemplateText | undefined
  /** Replaces all overrides. */
  override(overrides: readonly TemplateOverride[]): void
  /** What is wrong with an override that is to be kept, or `undefined`. Parses, renders nothing. */
  parse(candidate: TemplateOverride): string | undefined
  /** Reads changed files again where the last look is more than a second ago. */
  refresh(): Promise<void>
  check(): Promise<TemplateProblem[]>
}
