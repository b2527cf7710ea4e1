/** How a text is charged: each segment is one SMS. */
export interface Segments {
  /** `GSM-7` where all characters are of its alphabet, else `UCS-2`: one emoji costs half the room. */
  readonly encoding: 'GSM-7' | 'UCS-2'
  readonly count: number
}

/** The default alphabet of 3GPP TS 23.038, section 6.2.1. */
const basic = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
    '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
/** Its extension table, 6.2.1.1: an escape before each, so that it takes two places. */
const extension = new Set('\f^{}\\[~]|€')

/** Places in a message of one segment, and in each of several: a header takes the rest. */
const room = {
  'GSM-7': { single: 160, each: 153 },
  'UCS-2': { single: 70, each: 67 },
} as const

/** The places of each character, or `undefined` where one is not of the GSM alphabet. */
function septets(characters: readonly string[]): number[] | undefined {
  const sizes: number[] = []
  for (const character of characters) {
    if (basic.has(character)) sizes.push(1)
    else if (extension.has(character)) sizes.push(2)
    else return undefined
  }
  return sizes
}

/**
 * Counts the segments that a text is sent as (3GPP TS 23.038 and 23.040). A character is never
 * divided between two: neither an escape and what follows it, nor the two halves of an emoji.
 *
 * ```ts
 * segmentsOf('Your order is on its way 🚚') // { encoding: 'UCS-2', count: 1 }
 * ```
 */
export function segmentsOf(text: string): Segments {
  const characters = Array.from(text)
  const asGsm = septets(characters)
  const encoding = asGsm === undefined ? 'UCS-2' : 'GSM-7'
  const sizes = asGsm ?? characters.map(({ length }) => length)
  const { single, each } = room[encoding]
  if (sizes.reduce((sum, size) => sum + size, 0) <= single) return { encoding, count: 1 }
  let count = 1
  let used = 0
  for (const size of sizes) {
    if (used + size > each) {
      count += 1
      used = 0
    }
    used += size
  }
  return { encoding, count }
}
