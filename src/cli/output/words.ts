import type { ChannelSetting } from '../../setting/settings.ts'

/** `1 delivery`, `2,000 deliveries`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : several}`
}

export const deliveries = (count: number) => counted(count, 'delivery', 'deliveries')
export const notifications = (count: number) => counted(count, 'notification')

/** How a row tells of a channel. */
export const channelState = ({ on, paused }: ChannelSetting) =>
  on ? (paused ? 'paused' : 'on') : paused ? 'off, and paused' : 'off'

export function number(count: number): string {
  return count.toLocaleString('en-US')
}

/** An instant as it can be given back to a command: UTC, to the second. */
export function instant(date: Date | null | undefined): string {
  return date ? date.toISOString().replace(/\.\d+Z$/, 'Z') : ''
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const

/** `2 h 5 min`: the two largest units. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const first = units.findIndex(([, size]) => ms >= size)
  const [unit, size] = units[first]!
  const next = units[first + 1]
  const rest = next ? Math.floor((ms % size) / next[1]) : 0
  return `${Math.floor(ms / size)} ${unit}${rest > 0 ? ` ${rest} ${next![0]}` : ''}`
}
