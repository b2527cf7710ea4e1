/**
 * BCP 47 in its usual spelling (`pt_br` → `pt-BR`); `undefined` for what is no language tag. Words
 * of five to eight letters are languages by the grammar, but none is: a folder `drafts` is no locale.
 */
export function canonicalLocale(tag: string): string | undefined {
  try {
    const [locale] = Intl.getCanonicalLocales(tag.replaceAll('_', '-'))
    return locale !== undefined && /^[a-z]{2,3}(?:-|$)/.test(locale) ? locale : undefined
  } catch {
    return undefined
  }
}

/** What is said of what is no language tag. */
export const notLocale = (tag: string) => `"${tag}" is not a language tag such as \`pt-BR\``

/**
 * A locale and what may stand for it, nearest first: `zh-TW` → `zh-TW`, `zh-Hant`, `zh`;
 * `pt-BR` → `pt-BR`, `pt-Latn`, `pt` (the lookup of RFC 4647, and the usual script).
 */
export function localeChain(tag: string | undefined): string[] {
  const locale = tag === undefined ? undefined : canonicalLocale(tag)
  if (locale === undefined) return []
  const chain = new Set<string>()
  for (let rest = locale; rest.includes('-'); ) {
    chain.add(rest)
    rest = rest.slice(0, rest.lastIndexOf('-'))
    // A single letter opens an extension and means nothing without what follows.
    if (/-[^-]$/.test(rest)) rest = rest.slice(0, -2)
  }
  const { language, script } = new Intl.Locale(locale).maximize()
  if (script !== undefined) chain.add(`${language}-${script}`)
  chain.add(language)
  return [...chain]
}

/** True where a reader of `asked` reads `offered`: the same language in the same script. */
export function sameLanguage(asked: string, offered: string): boolean {
  const a = new Intl.Locale(asked).maximize()
  const b = new Intl.Locale(offered).maximize()
  return a.language === b.language && a.script === b.script
}
