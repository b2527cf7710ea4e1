import { Outbox1 } from './1-outbox.ts'
import { Health2 } from './2-health.ts'
import { Reach3 } from './3-reach.ts'

/**
 * In order. A released migration never changes; what is to be different is a new one, and one
 * release has one at most, since a worker runs on the tables of the next release too.
 */
export const migrations = [Outbox1, Health2, Reach3]
