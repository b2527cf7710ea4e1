/** The columns that entities are made of. */
export const uuid = { type: 'uuid' } as const
export const text = { type: 'text' } as const
export const jsonb = { type: 'jsonb' } as const
export const int = { type: 'int' } as const
export const boolean = { type: 'boolean' } as const
export const time = { type: 'timestamptz' } as const

export const named = <T extends object>(column: T, name: string) => ({ ...column, name })
export const orNull = <T extends object>(column: T) => ({ ...column, nullable: true as const })
