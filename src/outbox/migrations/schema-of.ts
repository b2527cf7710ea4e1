import type { QueryRunner } from 'typeorm'

/** The schema that the data source was opened with, quoted. */
export function schemaOf(runner: QueryRunner): string {
  const { schema } = runner.connection.options as { schema?: string }
  return `"${(schema ?? 'envoyer').replaceAll('"', '""')}"`
}
