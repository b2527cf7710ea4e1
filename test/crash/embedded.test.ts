import { createEmbeddedSite } from '../support/crash-site.ts'
import { declareKillTest } from '../support/crash-suite.ts'

declareKillTest('embedded', createEmbeddedSite)
