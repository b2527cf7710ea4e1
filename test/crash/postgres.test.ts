import { createPostgresSite } from '../support/crash-site.ts'
import { declareKillTest } from '../support/crash-suite.ts'

declareKillTest('postgres', () => createPostgresSite())
