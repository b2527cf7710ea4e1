import { EntitySchema } from 'typeorm'
import { int, named, orNull, text, time, uuid } from './columns.ts'

/** A process that delivers, as it last said of itself. */
export interface WorkerRow {
  id: string
  host: string
  pid: number
  /** Of Envoyer. */
  version: string
  startedAt: Date
  seenAt: Date
  channels: string[]
  inFlight: number
}

/** What comes round, and is done once across all workers. */
export interface TaskRow {
  name: string
  dueAt: Date
  /** Until then it is in a worker's hands. */
  runningUntil: Date | null
}

/** How many deliveries workers settled within ten seconds. */
export interface TallyRow {
  channel: string
  at: Date
  sent: number
  failed: number
}

export const workerEntity = new EntitySchema<WorkerRow>({
  name: 'worker',
  columns: {
    id: { ...uuid, primary: true },
    host: text,
    pid: int,
    version: text,
    startedAt: named(time, 'started_at'),
    seenAt: named(time, 'seen_at'),
    channels: { type: 'text', array: true },
    inFlight: named(int, 'in_flight'),
  },
})

export const taskEntity = new EntitySchema<TaskRow>({
  name: 'task',
  columns: {
    name: { ...text, primary: true },
    dueAt: named(time, 'due_at'),
    runningUntil: named(orNull(time), 'running_until'),
  },
})

export const tallyEntity = new EntitySchema<TallyRow>({
  name: 'tally',
  columns: {
    channel: { ...text, primary: true },
    at: { ...time, primary: true },
    sent: int,
    failed: int,
  },
})
