import { Fault } from './fault.ts'

/** Formatters are dear to make (about 50 µs) and cheap to use. Zones and locales come from users. */
const maxCached = 2_000
const dates = new Map<string, Intl.DateTimeFormat>()
const numbers = new Map<string, Intl.NumberFormat>()
const plurals = new Map<string, Intl.PluralRules>()

export function dateFormat(
  locale: string,
  tz: string,
  options: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat {
  return cached(dates, [locale, tz, options], () => {
    checkZone(tz)
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: tz })
  })
}

export function numberFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  return cached(numbers, [locale, options], () => new Intl.NumberFormat(locale, options))
}

export function pluralRules(locale: string): Intl.PluralRules {
  return cached(plurals, [locale], () => new Intl.PluralRules(locale))
}

function cached<T>(cache: Map<string, T>, key: readonly unknown[], make: () => T): T {
  const text = JSON.stringify(key)
  const known = cache.get(text)
  if (known !== undefined) return known
  if (cache.size >= maxCached) cache.clear()
  const made = making(make)
  cache.set(text, made)
  return made
}

function making<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    // Intl's own messages quote the value.
    if (error instanceof RangeError) throw new Fault('the locale or an option is not valid')
    throw error
  }
}

function checkZone(tz: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: tz })
  } catch {
    throw new Fault('the time zone is not known')
  }
}
