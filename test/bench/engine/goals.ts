import type { Channel } from '../baseline/common.ts'
import { median } from '../measure.ts'
import type { Backlog } from './backlog.ts'
import type { Bulk } from './bulk.ts'
import type { Name } from './contestants.ts'
import type { Race } from './race.ts'

export interface Figures {
  readonly machine: {
    readonly node: string
    readonly postgres: string
    readonly redis: string
    readonly cores: number
    readonly cpu: string
    /** Load average of the last minute before the first measurement. */
    readonly load: number
  }
  readonly quick: boolean
  readonly race: Readonly<Record<Channel, Race>>
  readonly bulk: Bulk
  readonly backlog: Backlog
}

export interface Goal {
  readonly name: string
  readonly value: number
  readonly goal: number
  readonly better: 'more' | 'less'
  readonly reached: boolean
}

/** The median of the rounds' own ratios: a noisy moment meets both of a round. */
function rate(race: Race, than: Name): number {
  const [ours, theirs] = [race.envoyer, race[than]].map((each) => each.messagesPerSecond.all)
  return median(ours!.map((each, round) => each / theirs![round]!))
}

/** Ours beside theirs, and what is to be reached. */
export function goalsOf({ race, bulk, backlog }: Pick<Figures, 'race' | 'bulk' | 'backlog'>) {
  const goal = (name: string, value: number, wanted: number, better: 'more' | 'less'): Goal => ({
    ...{ name, value, goal: wanted, better },
    reached: better === 'more' ? value >= wanted : value <= wanted,
  })
  const ofChannel = (channel: Channel, ordinary: number): Goal[] => {
    const { envoyer, ordinary: other } = race[channel]
    const slower = (at: 'p50' | 'p99') => envoyer.latencyMs![at] / other.latencyMs![at]
    return [
      goal(`${channel}: rate / tuned-outbox`, rate(race[channel], 'tuned-outbox'), 0.9, 'more'),
      goal(`${channel}: rate / ordinary`, rate(race[channel], 'ordinary'), ordinary, 'more'),
      goal(`${channel}: idle latency p50 / ordinary`, slower('p50'), 1.5, 'less'),
      goal(`${channel}: idle latency p99 / ordinary`, slower('p99'), 1.5, 'less'),
    ]
  }
  const first = backlog.sizes[0]!
  const last = backlog.sizes.at(-1)!
  const { singleMs, urgentMs, waiting } = backlog.during
  return [
    ...ofChannel('webhook', 4),
    ...ofChannel('email', 1.7),
    goal(`send to ${bulk.recipients} / bare inserts`, bulk.ratio.median, 0.3, 'more'),
    goal(
      `delivered, ${last.waiting} waiting / ${first.waiting}`,
      last.deliveredPerSecond / first.deliveredPerSecond,
      // Flat, within what one run varies.
      0.8,
      'more',
    ),
    goal(`single during ${waiting}: p99 in ms`, singleMs.p99, 1000, 'less'),
    goal(`urgent during ${waiting}: p99 in ms`, urgentMs.p99, 1000, 'less'),
  ]
}
