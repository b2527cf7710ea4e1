import { postgresKilled } from '../support/crash-kinds.ts'
import { declareKillTest } from '../support/crash-suite.ts'

declareKillTest(postgresKilled)
