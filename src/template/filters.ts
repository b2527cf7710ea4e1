import { toValue } from 'liquidjs'
import { Fault } from './fault.ts'
import type { FilterHandler } from './html-filters.ts'
import { dateFormat, numberFormat, pluralRules } from './intl.ts'
import { toMoment } from './moment.ts'
import { strftime } from './strftime.ts'

/** A filter of the application. Named arguments come last, as one object. */
export type CustomFilter = (value: unknown, ...args: unknown[]) => unknown

type This = ThisParameterType<FilterHandler>
type DateStyle = NonNullable<Intl.DateTimeFormatOptions['dateStyle']>

const styles: readonly string[] = ['short', 'medium', 'long', 'full']

/** Liquid's filters and ours that depend on the recipient's language and zone. */
export const localFilters: Readonly<Record<string, FilterHandler>> = {
  date(value: unknown, ...args: unknown[]) {
    return formatDate(this, 'date', value, args, (style) => ({ dateStyle: style ?? 'medium' }))
  },
  time(value: unknown, ...args: unknown[]) {
    return formatDate(this, 'time', value, args, (style) => ({ timeStyle: style ?? 'short' }))
  },
  datetime(value: unknown, ...args: unknown[]) {
    return formatDate(this, 'datetime', value, args, (style) => ({
      dateStyle: style ?? 'medium',
      timeStyle: 'short',
    }))
  },
  date_to_xmlschema(value: unknown) {
    return formatDate(this, 'date_to_xmlschema', value, ['%Y-%m-%dT%H:%M:%S%:z'], noStyle)
  },
  date_to_rfc822(value: unknown) {
    const pattern = ['%a, %d %b %Y %H:%M:%S %z', ['locale', 'en']]
    return formatDate(this, 'date_to_rfc822', value, pattern, noStyle)
  },
  date_to_string(value: unknown) {
    return formatDate(this, 'date_to_string', value, ['%d %b %Y'], noStyle)
  },
  date_to_long_string(value: unknown) {
    return formatDate(this, 'date_to_long_string', value, ['%d %B %Y'], noStyle)
  },
  number(value: unknown, ...args: unknown[]) {
    return formatNumber(this, 'number', value, args, (decimals) => digits(decimals))
  },
  percent(value: unknown, ...args: unknown[]) {
    return formatNumber(this, 'percent', value, args, (decimals) => ({
      style: 'percent',
      ...digits(decimals),
    }))
  },
  money(value: unknown, ...args: unknown[]) {
    return formatNumber(this, 'money', value, args, (currency) => {
      if (typeof currency !== 'string' || !/^[a-z]{3}$/i.test(currency)) {
        throw new Fault("money needs a currency of three letters, as in `money: 'EUR'`")
      }
      return { style: 'currency', currency }
    })
  },
  plural(value: unknown, ...args: unknown[]) {
    const { named } = readArgs(args)
    const category = pluralRules(localeOf(this, named)).select(Number(toDecimal('plural', value)))
    const form = named[category] ?? named.other
    if (form === undefined) throw new Fault("plural needs at least `other: '…'`")
    return form
  },
}

/** Makes a filter of the application one of Liquid's: plain values in, no promises out. */
export function customFilter(name: string, filter: CustomFilter): FilterHandler {
  return function (value: unknown, ...args: unknown[]) {
    const written = this.token.args
    const positional = args.filter((_, index) => !Array.isArray(written[index]))
    const named = args.filter((_, index) => Array.isArray(written[index]))
    const options =
      named.length > 0 ? [Object.fromEntries(named as [string, unknown][]) as unknown] : []
    const result = filter(toValue(value), ...positional.map(toValue), ...options)
    if (typeof (result as { then?: unknown } | null | undefined)?.then === 'function') {
      throw new Fault(`the filter ${name} gives a promise; filters are synchronous`)
    }
    return result
  }
}

const noStyle = (): Intl.DateTimeFormatOptions => ({})

function formatDate(
  self: This,
  name: string,
  input: unknown,
  args: readonly unknown[],
  options: (style: DateStyle | undefined) => Intl.DateTimeFormatOptions,
): string {
  const { envoyer } = self.context.globals as { envoyer?: Partial<Surroundings> }
  const moment = toMoment(name, toValue(input), envoyer?.now ?? new Date())
  if (moment === undefined) return ''
  const { positional, named } = readArgs(args)
  const [format, zone] = positional
  const locale = localeOf(self, named)
  // A date or time written without a zone is the same everywhere: it is printed as it stands.
  const tz = moment.zoned ? String(named.tz ?? zone ?? envoyer?.tz ?? 'UTC') : 'UTC'
  if (typeof format === 'string' && format.includes('%')) {
    self.context.memoryLimit.use(format.length)
    return strftime(moment.at, format, locale, tz)
  }
  if (format !== undefined && !styles.includes(String(format))) {
    throw new Fault(`${name} takes one of ${styles.join(', ')}, or a pattern such as '%Y-%m-%d'`)
  }
  return dateFormat(locale, tz, options(format as DateStyle | undefined)).format(moment.at)
}

function formatNumber(
  self: This,
  name: string,
  input: unknown,
  args: readonly unknown[],
  options: (argument: unknown) => Intl.NumberFormatOptions,
): string {
  const value = toValue(input) as unknown
  if (value === null || value === undefined || value === '') return ''
  const { positional, named } = readArgs(args)
  const format = numberFormat(localeOf(self, named), options(positional[0]))
  return format.format(toDecimal(name, value))
}

/** A number, or a text that is one: text keeps decimals that a number would round. */
function toDecimal(name: string, input: unknown): number | bigint | Intl.StringNumericLiteral {
  const value = toValue(input) as unknown
  if (typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (typeof value === 'string' && /^[+-]?\d+(?:\.\d+)?$/.test(value.trim())) {
    return value.trim() as Intl.StringNumericLiteral
  }
  throw new Fault(`${name} was given something that is not a number`)
}

function digits(decimals: unknown): Intl.NumberFormatOptions {
  if (decimals === undefined) return {}
  const count = Number(decimals)
  if (!Number.isInteger(count) || count < 0 || count > 20) {
    throw new Fault('the number of decimals must be a whole number from 0 to 20')
  }
  return { minimumFractionDigits: count, maximumFractionDigits: count }
}

interface Surroundings {
  readonly locale: string
  readonly tz: string
  readonly now: Date
}

function localeOf(self: This, named: Readonly<Record<string, unknown>>): string {
  const { envoyer } = self.context.globals as { envoyer?: Partial<Surroundings> }
  return String(named.locale ?? envoyer?.locale ?? 'en')
}

/** Our filters take texts and numbers, so a pair can only be a named argument. */
function readArgs(args: readonly unknown[]) {
  const named: Record<string, unknown> = Object.create(null)
  const positional: unknown[] = []
  for (const arg of args) {
    if (Array.isArray(arg)) named[String(arg[0])] = toValue(arg[1])
    else positional.push(toValue(arg))
  }
  return { positional, named }
}
