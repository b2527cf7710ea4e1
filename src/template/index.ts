export type { CustomFilter } from './filters.ts'
export { defaultLimits, type TemplateLimits } from './limits.ts'
export { canonicalLocale, notLocale } from './locale.ts'
export { createTemplates, type TemplatesOptions } from './templates.ts'
