import { createPostgresSite } from '../support/crash-site.ts'
import { declareKillTest } from '../support/crash-suite.ts'
import { redisUrl } from '../support/engines.ts'

declareKillTest('PostgreSQL and Redis', () =>
  createPostgresSite(undefined, { redisUrl: redisUrl() }),
)
