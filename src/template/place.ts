import type { ChannelParts } from './contract.ts'
import { canonicalLocale } from './locale.ts'

/** Where a template belongs: one part of a message, in one language ('' for the base). */
export interface Place {
  readonly event: string
  readonly locale: string
  readonly channel: string
  readonly part: string
}

export type Classified =
  | { readonly kind: 'part'; readonly place: Place }
  | { readonly kind: 'helper' }
  | { readonly kind: 'stray'; readonly why: string }

const stray = (why: string): Classified => ({ kind: 'stray', why })

/** What a file is for, by its path relative to the templates' folder. */
export function classify(file: string, channels: ChannelParts): Classified {
  if (!file.endsWith('.liquid')) return stray('template files end in .liquid')
  const segments = file.split('/')
  if (segments.some((segment) => segment.startsWith('_'))) return { kind: 'helper' }
  const [event, middle] = segments
  if (segments.length === 1 || event === undefined) {
    return stray(
      'it is in no event’s folder; partials and layouts begin with `_` or are in `_partials/` or `_layouts/`',
    )
  }
  if (segments.length > 3)
    return stray('templates are at `<event>/[<locale>/]<channel>.<part>.liquid`')
  const locale = segments.length === 3 ? canonicalLocale(middle!) : ''
  if (locale === undefined) return stray(`\`${middle}\` is not a language tag such as \`pt-BR\``)
  return classifyName(segments.at(-1)!, { event, locale }, channels)
}

function classifyName(
  fileName: string,
  where: { event: string; locale: string },
  channels: ChannelParts,
): Classified {
  const name = fileName.slice(0, -'.liquid'.length)
  const dot = name.lastIndexOf('.')
  const channel = name.slice(0, Math.max(dot, 0))
  const part = name.slice(dot + 1)
  if (channel === '') return stray('templates are named `<channel>.<part>.liquid`')
  if (!Object.hasOwn(channels, channel)) {
    return stray(`there is no channel \`${channel}\` (${list(Object.keys(channels))})`)
  }
  if (!Object.hasOwn(channels[channel]!, part)) {
    const parts = list(Object.keys(channels[channel]!))
    return stray(`the channel ${channel} has no part \`${part}\` (${parts})`)
  }
  return { kind: 'part', place: { ...where, channel, part } }
}

export function placeFile({ event, locale, channel, part }: Place): string {
  return `${event}/${locale === '' ? '' : `${locale}/`}${channel}.${part}.liquid`
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'it has none' : `known: ${names.join(', ')}`
}
