/**
 * The best-tuned program with an outbox, see `chunks.ts`: a row for each message is committed before
 * Redis hears of it, and its status after it was sent. So nothing is lost with Redis; what a sweeper
 * would cost, which has to look for rows that Redis forgot, is not counted against it.
 */

import { openChunks } from './chunks.ts'
import { serve } from './common.ts'

await serve((site, settled) => openChunks(site, settled, { outbox: true }))
