/**
 * The best-tuned program without an outbox: see `chunks.ts`. What waits is in Redis alone.
 */

import { openChunks } from './chunks.ts'
import { serve } from './common.ts'

await serve((site, settled) => openChunks(site, settled, { outbox: false }))
