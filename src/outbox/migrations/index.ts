import { Outbox1 } from './1-outbox.ts'

/** In order. A released migration never changes; what is to be different is a new one. */
export const migrations = [Outbox1]
