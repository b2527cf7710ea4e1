export type { CustomFilter } from './filters.ts'
export { defaultLimits, type TemplateLimits } from './limits.ts'
export { createTemplates, type TemplatesOptions } from './templates.ts'
