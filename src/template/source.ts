/** The text of one template: a file, or what is kept in the database for its place. */
export interface Source {
  /** Relative to the templates' folder, with `/`. */
  readonly file: string
  readonly body: string
  readonly override: boolean
}

/** How a source is named in problems. */
export function sourceName(source: Source): string {
  return source.override ? `${source.file} (override)` : source.file
}

/**
 * The text that is parsed: without the byte order mark, and without the one line break with which
 * editors end a file, because it would end up in subjects and be paid for in text messages.
 */
export function cleanBody(text: string): string {
  return text.replace(/^\uFEFF/, '').replace(/\r?\n$/, '')
}
