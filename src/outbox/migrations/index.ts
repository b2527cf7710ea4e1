import { Outbox1 } from './1-outbox.ts'
import { Health2 } from './2-health.ts'
import { Fallback3 } from './3-fallback.ts'
import { Secret4 } from './4-secret.ts'

/** In order. A released migration never changes; what is to be different is a new one. */
export const migrations = [Outbox1, Health2, Fallback3, Secret4]
