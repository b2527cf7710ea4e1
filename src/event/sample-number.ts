/** What numbers of such names are like. */
const byName: readonly (readonly [RegExp, number])[] = [
  [/(price|amount|total|sum|cost|fee|balance)$/i, 49.9],
  [/year$/i, 2026],
  [/(percent|share|rate|progress)$/i, 25],
  [/(quantity|count|qty)$/i, 2],
  [/(minutes|hours|days|seconds)$/i, 30],
  [/(^id|Id|number|no)$/, 1042],
]

/** A number within the limits of a JSON Schema; `undefined` where none is found. */
export function sampleNumber(
  node: Readonly<Record<string, unknown>>,
  name: string,
  index: number,
): number | undefined {
  const limit = (key: string, otherwise: number) =>
    typeof node[key] === 'number' ? (node[key] as number) : otherwise
  const wanted = (byName.find(([pattern]) => pattern.test(name))?.[1] ?? 3) + index
  const low = limit('minimum', Number.NEGATIVE_INFINITY)
  const high = limit('maximum', Number.POSITIVE_INFINITY)
  const above = limit('exclusiveMinimum', Number.NEGATIVE_INFINITY)
  const under = limit('exclusiveMaximum', Number.POSITIVE_INFINITY)
  const whole =
    node.type === 'integer' ||
    (Array.isArray(node.type) && !node.type.includes('number') && node.type.includes('integer'))
  const step = limit('multipleOf', whole ? 1 : 0)
  const fits = (value: number) =>
    Number.isFinite(value) &&
    value >= low &&
    value <= high &&
    value > above &&
    value < under &&
    (!whole || Number.isInteger(value)) &&
    (step === 0 || isMultiple(value, step))
  const middle = (Math.max(low, above) + Math.min(high, under)) / 2
  const near = [wanted, middle, low, high, above, under]
  const candidates =
    step === 0
      ? [...near, above + 1, under - 1]
      : near.flatMap((value) => [0, 1, -1].map((more) => (Math.round(value / step) + more) * step))
  return candidates.find(fits)
}

/** 0.3 is three times 0.1, and not so in binary. */
function isMultiple(value: number, step: number): boolean {
  const times = value / step
  return Math.abs(times - Math.round(times)) < 1e-9 * Math.max(1, Math.abs(times))
}
